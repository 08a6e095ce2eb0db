//! Makes the functions that are added to a module: entries, which call one of its functions with telling arguments and
//! hash its results, and `state`, which hashes globals, tables and the sizes of memories.

use wasm_encoder::{BlockType, Catch, ConstExpr, Function, GlobalSection, GlobalType, Instruction, RefType, ValType};

use crate::finish::Shown;
use crate::nans::{self, Scratch, Shape};
use crate::random::Random;
use crate::values;

/// What an entry passes for a parameter: the value of the global with this index, or a constant.
pub enum Argument {
    Global(u32),
    Value(Instruction<'static>),
}

/// Returns whether a constant of the type exists.
pub fn has_value(ty: &ValType) -> bool {
    !matches!(ty, ValType::Ref(reference) if !reference.nullable)
}

/// Returns an argument for each parameter; nothing if a parameter's type has no constants.
pub fn arguments(
    parameters: &[ValType],
    random: &mut Random,
    round: u32,
    globals: &mut GlobalSection,
    next_global: &mut u32,
) -> Option<Vec<Argument>> {
    let mut made = Vec::new();
    for ty in parameters {
        let (value, initial) = match ty {
            ValType::I32 => {
                let v = if round == 1 && random.chance(30) { random.below(70000) as i32 } else { values::i32(random) };
                (Instruction::I32Const(v), ConstExpr::i32_const(v))
            }
            ValType::I64 => {
                let v = values::i64(random);
                (Instruction::I64Const(v), ConstExpr::i64_const(v))
            }
            ValType::F32 => {
                let v = f32::from_bits(values::f32_bits(random)).into();
                (Instruction::F32Const(v), ConstExpr::f32_const(v))
            }
            ValType::F64 => {
                let v = f64::from_bits(values::f64_bits(random)).into();
                (Instruction::F64Const(v), ConstExpr::f64_const(v))
            }
            ValType::V128 => {
                let v = values::v128_bits(random) as i128;
                (Instruction::V128Const(v), ConstExpr::v128_const(v))
            }
            ValType::Ref(reference) if reference.nullable => {
                made.push(Argument::Value(Instruction::RefNull(reference.heap_type)));
                continue;
            }
            ValType::Ref(_) => return None,
        };
        if random.chance(70) {
            globals.global(GlobalType { val_type: *ty, mutable: true, shared: false }, &initial);
            made.push(Argument::Global(*next_global));
            *next_global += 1;
        } else {
            made.push(Argument::Value(value));
        }
    }
    Some(made)
}

/// Adds the value on top of the stack to the hash in local 0.
fn hash(body: &mut Function, ty: ValType, scratch: &Scratch) {
    use Instruction as I;
    let fold = |body: &mut Function| {
        body.instruction(&I::LocalGet(0));
        body.instruction(&I::I64Const(0x0100_0000_01b3));
        body.instruction(&I::I64Mul);
        body.instruction(&I::I64Add);
        body.instruction(&I::LocalSet(0));
    };
    match ty {
        ValType::I32 => {
            body.instruction(&I::I64ExtendI32U);
        }
        ValType::I64 => {}
        ValType::F32 => {
            nans::canonicalize(body, Shape::F32, scratch);
            body.instruction(&I::I32ReinterpretF32);
            body.instruction(&I::I64ExtendI32U);
        }
        ValType::F64 => {
            nans::canonicalize(body, Shape::F64, scratch);
            body.instruction(&I::I64ReinterpretF64);
        }
        ValType::V128 => {
            body.instruction(&I::LocalTee(scratch.v128));
            body.instruction(&I::I64x2ExtractLane(1));
            fold(body);
            body.instruction(&I::LocalGet(scratch.v128));
            body.instruction(&I::I64x2ExtractLane(0));
        }
        ValType::Ref(_) => {
            body.instruction(&I::RefIsNull);
            body.instruction(&I::I64ExtendI32U);
        }
    }
    fold(body);
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Catching {
    TryTable,
    Legacy,
}

const HASHING: Scratch = Scratch { f32: 1, f64: 2, v128: 3 };

/// Makes a function that sets the global `fuel.0` to `fuel.1`, calls `function`, and returns a hash of the results. If
/// `caught`, it returns a constant if the call throws an exception.
pub fn entry(function: u32, arguments: &[Argument], results: &[ValType], fuel: (u32, u32), caught: Option<Catching>) -> Function {
    use Instruction as I;
    let mut body = Function::new([(1, ValType::I64), (1, ValType::F32), (1, ValType::F64), (1, ValType::V128)]);
    body.instruction(&I::I32Const(fuel.1 as i32));
    body.instruction(&I::GlobalSet(fuel.0));
    match caught {
        Some(Catching::TryTable) => {
            body.instruction(&I::Block(BlockType::Empty));
            body.instruction(&I::TryTable(BlockType::Empty, vec![Catch::All { label: 0 }].into()));
        }
        Some(Catching::Legacy) => {
            body.instruction(&I::Try(BlockType::Empty));
        }
        None => {}
    }
    for argument in arguments {
        match argument {
            Argument::Global(index) => body.instruction(&I::GlobalGet(*index)),
            Argument::Value(value) => body.instruction(value),
        };
    }
    body.instruction(&I::Call(function));
    for ty in results.iter().rev() {
        hash(&mut body, *ty, &HASHING);
    }
    if let Some(caught) = caught {
        body.instruction(&I::LocalGet(0));
        body.instruction(&I::Return);
        body.instruction(&if caught == Catching::Legacy { I::CatchAll } else { I::End });
        body.instruction(&I::End);
        body.instruction(&I::I64Const(0xecc));
    } else {
        body.instruction(&I::LocalGet(0));
    }
    body.instruction(&I::End);
    body
}

/// Makes the function `state`.
pub fn state(shown: &Shown) -> Function {
    use Instruction as I;
    let mut body = Function::new([
        (1, ValType::I64),
        (1, ValType::F32),
        (1, ValType::F64),
        (1, ValType::V128),
        (1, ValType::I32),
        (1, ValType::I64),
    ]);
    let (index32, index64) = (4, 5);
    for (index, global) in shown.globals.iter().enumerate() {
        body.instruction(&I::GlobalGet(index as u32));
        hash(&mut body, global.val_type, &HASHING);
    }
    for (index, is_64) in shown.memories.iter().enumerate() {
        body.instruction(&I::MemorySize(index as u32));
        hash(&mut body, if *is_64 { ValType::I64 } else { ValType::I32 }, &HASHING);
    }
    for (table, is_64) in shown.tables.iter().enumerate() {
        let table = table as u32;
        let (ty, index) = if *is_64 { (ValType::I64, index64) } else { (ValType::I32, index32) };
        body.instruction(&I::TableSize(table));
        hash(&mut body, ty, &HASHING);
        body.instruction(&I::TableSize(table));
        body.instruction(&I::LocalSet(index));
        // while (index != 0) hash(table[--index] is null)
        body.instruction(&I::Block(BlockType::Empty));
        body.instruction(&I::Loop(BlockType::Empty));
        body.instruction(&I::LocalGet(index));
        body.instruction(if *is_64 { &I::I64Eqz } else { &I::I32Eqz });
        body.instruction(&I::BrIf(1));
        body.instruction(&I::LocalGet(index));
        body.instruction(&if *is_64 { I::I64Const(1) } else { I::I32Const(1) });
        body.instruction(if *is_64 { &I::I64Sub } else { &I::I32Sub });
        body.instruction(&I::LocalTee(index));
        body.instruction(&I::TableGet(table));
        hash(&mut body, ValType::Ref(RefType::FUNCREF), &HASHING);
        body.instruction(&I::Br(0));
        body.instruction(&I::End);
        body.instruction(&I::End);
    }
    body.instruction(&I::LocalGet(0));
    body.instruction(&I::End);
    body
}

