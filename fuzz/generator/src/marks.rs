//! For `generator --marks`: adds code that notes in a memory of its own, the export `marks`, which instructions are
//! executed, and with which classes of operands. fuzz/diff/census.py runs such modules and reads the memory. It has 64
//! bytes for each instruction. The first is 1 if the instruction was executed. Each of three operands has 20 of the
//! following bytes, one for each class; for accesses and copies, these are the classes of the whole operation. If the
//! second operand of two is a constant, it also counts as the third operand.

use std::collections::BTreeMap;

use wasm_encoder::{Function, HeapType, Instruction, MemArg, MemArgTarget, RefType, ValType};

use crate::code;
use crate::operators::{self, Ty};

/// Returns the place in the marks of an instruction, which is the address of its 64 bytes.
pub fn place(prefix: u8, opcode: u32) -> u32 {
    let first = match prefix {
        0xfb => 256,
        0xfc => 320,
        0xfd => 352,
        0xfe => 640,
        _ => 0,
    };
    64 * (first + opcode)
}

/// Returns the prefix (or 0), the opcode, and the offset of the immediates.
pub fn opcode(bytes: &[u8]) -> (u8, u32, usize) {
    if !matches!(bytes[0], 0xfb..=0xfe) {
        return (0, u32::from(bytes[0]), 1);
    }
    let (opcode, used) = leb(&bytes[1..]);
    (bytes[0], opcode as u32, 1 + used)
}

/// Decodes an unsigned LEB128 number. Returns the number, and how many bytes it has.
fn leb(bytes: &[u8]) -> (u64, usize) {
    let (mut value, mut at) = (0, 0);
    loop {
        value |= u64::from(bytes[at] & 0x7f) << (7 * at);
        at += 1;
        if bytes[at - 1] & 0x80 == 0 {
            return (value, at);
        }
    }
}

/// An access to memory: its size in bytes, and the types of its operands after the address.
struct Access {
    size: u64,
    values: Vec<Ty>,
}

/// Adds the marks to the functions of one module.
pub struct Marks {
    pub memory: u32,
    pub first_function: u32, // index of the first of the six functions of functions()
    pub memories: Vec<(bool, u32)>, // whether addresses have 64 bits; log2 of the page size
    pub tables: Vec<bool>, // whether indices have 64 bits
    operators: BTreeMap<Vec<u8>, Vec<Ty>>,
    accesses: BTreeMap<Vec<u8>, Access>,
}

/// The scratch locals of a function: three of each of these types, then one for each type of arrays that are copied
/// from.
const SCRATCH: [ValType; 5] = [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];

/// The index of the first scratch local, and the types of the arrays that are copied from.
pub struct Scratch {
    first: u32,
    arrays: Vec<u32>,
}

fn number(ty: Ty) -> u32 {
    match ty {
        Ty::I32 => 0,
        Ty::I64 => 1,
        Ty::F32 => 2,
        Ty::F64 => 3,
        Ty::V128 => 4,
        Ty::Base | Ty::Any => unreachable!("no operands of operators"),
    }
}

impl Marks {
    /// `memory` is the index of the memory for the marks; the other parameters are the fields of the same names.
    pub fn new(memory: u32, first_function: u32, memories: Vec<(bool, u32)>, tables: Vec<bool>) -> Self {
        let mut operators: BTreeMap<_, _> = operators::all(true).into_iter().map(|o| (o.code, o.operands)).collect();
        for opcode in 0x13..=0x16 {
            operators.insert(vec![0xfc, opcode], vec![Ty::I64; if opcode < 0x15 { 3 } else { 2 }]);
        }
        let mut accesses = BTreeMap::new();
        for load in operators::loads(true) {
            accesses.insert(load.code, Access { size: 1 << load.log2, values: vec![Ty::V128; (load.lanes != 0).into()] });
        }
        for store in operators::stores(true) {
            accesses.insert(store.code, Access { size: 1 << store.log2, values: vec![store.ty] });
        }
        for (form, (ty, log2)) in operators::ATOMICS.into_iter().enumerate() {
            for group in 0..9 {
                let values = match group { 0 => 0, 8 => 2, _ => 1 };
                let code = vec![0xfe, (0x10 + 7 * group + form) as u8];
                accesses.insert(code, Access { size: 1 << log2, values: vec![ty; values] });
            }
        }
        Marks { memory, first_function, memories, tables, operators, accesses }
    }

    /// Returns the scratch locals for a function with `count` locals, and the declarations for them.
    pub fn scratch(&self, count: u32, operators: &[Vec<u8>]) -> (Scratch, Vec<(u32, ValType)>) {
        let mut arrays: Vec<u32> = Vec::new();
        for bytes in operators {
            if let (0xfb, 0x11, at) = opcode(bytes) {
                let (_, used) = leb(&bytes[at..]);
                arrays.push(leb(&bytes[at + used..]).0 as u32);
            }
        }
        let mut locals: Vec<_> = SCRATCH.iter().map(|ty| (3, *ty)).collect();
        for ty in &arrays {
            locals.push((1, ValType::Ref(RefType { nullable: true, heap_type: HeapType::Concrete(*ty) })));
        }
        (Scratch { first: count, arrays }, locals)
    }

    fn note(&self, body: &mut Function, kind: u32) {
        body.instruction(&Instruction::Call(self.first_function + kind));
    }

    fn set(&self, body: &mut Function, place: u32) {
        body.instruction(&Instruction::I32Const(place as i32));
        body.instruction(&Instruction::I32Const(1));
        body.instruction(&Instruction::I32Store8(MemArg { offset: 0, align: 0, target: MemArgTarget::Memory(self.memory), ordering: None }));
    }

    /// Writes the code that goes before an instruction. `constant` says whether the last operand is a constant.
    pub fn before(&self, body: &mut Function, bytes: &[u8], constant: bool, scratch: &Scratch) {
        use Instruction as I;
        let (prefix, number_, at) = opcode(bytes);
        let place = place(prefix, number_);
        self.set(body, place);
        let key = &bytes[..at];
        let local = |ty: Ty, position: usize| scratch.first + 3 * number(ty) + position as u32;
        let save = |body: &mut Function, types: &[Ty]| {
            for (position, ty) in types.iter().enumerate().rev() {
                body.instruction(&I::LocalSet(local(*ty, position)));
            }
        };
        let restore = |body: &mut Function, types: &[Ty]| {
            for (position, ty) in types.iter().enumerate() {
                body.instruction(&I::LocalGet(local(*ty, position)));
            }
        };
        let wide = |body: &mut Function, ty: Ty, position: usize| {
            body.instruction(&I::LocalGet(local(ty, position)));
            if ty == Ty::I32 {
                body.instruction(&I::I64ExtendI32U);
            }
        };
        let address = |is_64: bool| if is_64 { Ty::I64 } else { Ty::I32 };
        if let Some(types) = self.operators.get(key) {
            // For 128-bit additions, which have four operands, the last three are enough.
            save(body, types);
            for (position, ty) in types.iter().enumerate().filter(|(_, ty)| **ty != Ty::V128) {
                body.instruction(&I::I32Const((place + 1 + 20 * position as u32) as i32));
                body.instruction(&I::LocalGet(local(*ty, position)));
                self.note(body, number(*ty));
            }
            if constant && types.len() == 2 && types[1] != Ty::V128 {
                // The constant counts as a third operand, too.
                body.instruction(&I::I32Const((place + 1 + 40) as i32));
                body.instruction(&I::LocalGet(local(types[1], 1)));
                self.note(body, number(types[1]));
            }
            restore(body, types);
        } else if let Some(access) = self.accesses.get(key) {
            let (align, used) = leb(&bytes[at..]);
            let (memory, more) = if align & 0x40 != 0 { leb(&bytes[at + used..]) } else { (0, 0) };
            let (offset, _) = leb(&bytes[at + used + more..]);
            let (is_64, page) = self.memories[memory as usize];
            let mut types = vec![address(is_64)];
            types.extend(&access.values);
            save(body, &types);
            body.instruction(&I::I32Const((place + 1) as i32));
            wide(body, types[0], 0);
            body.instruction(&I::I64Const(offset as i64));
            body.instruction(&I::I64Const(access.size as i64));
            body.instruction(&I::MemorySize(memory as u32));
            if !is_64 {
                body.instruction(&I::I64ExtendI32U);
            }
            body.instruction(&I::I64Const(page.into()));
            body.instruction(&I::I64Shl);
            self.note(body, 4);
            restore(body, &types);
        } else if let (0xfc, 10 | 14) = (prefix, number_) {
            // The operands of memory.copy and table.copy are the destination, the source and the length.
            let (to, used) = leb(&bytes[at..]);
            let (from, _) = leb(&bytes[at + used..]);
            let is_64 = |space: u64| if number_ == 10 { self.memories[space as usize].0 } else { self.tables[space as usize] };
            let types = [address(is_64(to)), address(is_64(from)), address(is_64(to) && is_64(from))];
            save(body, &types);
            body.instruction(&I::I32Const((place + 1) as i32));
            for (position, ty) in types.iter().enumerate() {
                wide(body, *ty, position);
            }
            body.instruction(&I::I32Const((to == from).into()));
            self.note(body, 5);
            restore(body, &types);
        } else if let (0, 0x40) = (prefix, number_) {
            let ty = address(self.memories[leb(&bytes[at..]).0 as usize].0);
            self.single(body, place, ty, local(ty, 0));
        } else if let (0xfc, 15) = (prefix, number_) {
            let ty = address(self.tables[leb(&bytes[at..]).0 as usize]);
            self.single(body, place, ty, local(ty, 0));
        } else if let (0xfb, 0x11) = (prefix, number_) {
            let (_, used) = leb(&bytes[at..]);
            let from = leb(&bytes[at + used..]).0 as u32;
            let reference = scratch.first + 15 + scratch.arrays.iter().position(|ty| *ty == from).unwrap() as u32;
            // The operands are [to, index, from, index, length]. `to` stays on the stack, so whether it is the same
            // array as `from` is not known here.
            body.instruction(&I::LocalSet(local(Ty::I32, 2)));
            body.instruction(&I::LocalSet(local(Ty::I32, 1)));
            body.instruction(&I::LocalSet(reference));
            body.instruction(&I::LocalSet(local(Ty::I32, 0)));
            body.instruction(&I::I32Const((place + 1) as i32));
            for position in 0..3 {
                wide(body, Ty::I32, position);
            }
            body.instruction(&I::I32Const(1));
            self.note(body, 5);
            body.instruction(&I::LocalGet(local(Ty::I32, 0)));
            body.instruction(&I::LocalGet(reference));
            body.instruction(&I::LocalGet(local(Ty::I32, 1)));
            body.instruction(&I::LocalGet(local(Ty::I32, 2)));
        }
    }

    fn single(&self, body: &mut Function, place: u32, ty: Ty, local: u32) {
        body.instruction(&Instruction::LocalSet(local));
        body.instruction(&Instruction::I32Const((place + 1) as i32));
        body.instruction(&Instruction::LocalGet(local));
        self.note(body, number(ty));
        body.instruction(&Instruction::LocalGet(local));
    }

    /// Returns the types and bodies of the functions that note the classes of an i32, an i64, an f32, an f64, an
    /// access, and a copy. Parameter 0 is the address of the first class.
    pub fn functions(&self) -> Vec<(Vec<ValType>, Function)> {
        let (i32, i64, f32, f64) = (ValType::I32, ValType::I64, ValType::F32, ValType::F64);
        vec![
            (vec![i32, i32], self.classes(&integer_classes(32))),
            (vec![i32, i64], self.classes(&integer_classes(64))),
            (vec![i32, f32], self.classes(&float_classes(0xbc, 32, 23))),
            (vec![i32, f64], self.classes(&float_classes(0xbd, 64, 52))),
            (vec![i32, i64, i64, i64, i64], self.classes(&access_classes())),
            (vec![i32, i64, i64, i64, i32], self.classes(&copy_classes())),
        ]
    }

    /// Makes a function that sets the byte of each class whose condition is true. Conditions use the parameters from 1
    /// on.
    fn classes(&self, conditions: &[Vec<u8>]) -> Function {
        let mut body = Function::new([]);
        for (class, condition) in conditions.iter().enumerate() {
            body.raw(condition.iter().copied());
            body.instruction(&Instruction::If(wasm_encoder::BlockType::Empty));
            body.instruction(&Instruction::LocalGet(0));
            body.instruction(&Instruction::I32Const(1));
            body.instruction(&Instruction::I32Store8(MemArg { offset: class as u64, align: 0, target: MemArgTarget::Memory(self.memory), ordering: None }));
            body.instruction(&Instruction::End);
        }
        body.instruction(&Instruction::End);
        body
    }
}

const GET: [u8; 2] = [0x20, 1];

fn constant(wide: bool, value: i64) -> Vec<u8> {
    let mut out = Vec::new();
    if wide { code::i64_const(&mut out, value) } else { code::i32_const(&mut out, value as i32) }
    out
}

/// Returns the conditions of the classes of integers: 0, 1, -1, the least, the greatest, a power of two, from the width up to four times the
/// width, a negative number less than -1, and (for 64 bits) around 2^31 and around 2^32.
fn integer_classes(bits: u32) -> Vec<Vec<u8>> {
    let wide = bits == 64;
    let (eq, lt_u, lt_s, sub, and, popcnt) = if wide { (0x51, 0x54, 0x53, 0x7d, 0x83, 0x7b) } else { (0x46, 0x49, 0x48, 0x6b, 0x71, 0x69) };
    let equals = |value: i64| [&GET[..], &constant(wide, value), &[eq]].concat();
    let within = |first: i64, count: i64| [&GET[..], &constant(wide, first), &[sub], &constant(wide, count), &[lt_u]].concat();
    let least = if wide { i64::MIN } else { i64::from(i32::MIN) };
    let _ = and;
    let mut all = vec![
        equals(0),
        equals(1),
        equals(-1),
        equals(least),
        equals(!least),
        [&GET[..], &[popcnt], &constant(wide, 1), &[eq]].concat(),
        within(i64::from(bits), 3 * i64::from(bits)),
        [&GET[..], &constant(wide, -1), &[lt_s]].concat(),
    ];
    if wide {
        all.push(within((1 << 31) - 2, 5));
        all.push(within((1 << 32) - 2, 5));
    }
    all
}

/// Returns the conditions of the classes of floats: 0, -0, canonical NaN, NaN with a payload, signalling NaN, infinity, -infinity, subnormal,
/// around 2^31, around 2^32, around 2^63, around 2^64 (each of either sign), and a half.
fn float_classes(reinterpret: u8, bits: u32, mantissa: u32) -> Vec<Vec<u8>> {
    let wide = bits == 64;
    let (eq, lt_u, sub, and) = if wide { (0x51, 0x54, 0x7d, 0x83) } else { (0x46, 0x49, 0x6b, 0x71) };
    let sign = if wide { i64::MIN } else { i64::from(i32::MIN) };
    let bias = (1i64 << (bits - 2 - mantissa)) - 1;
    let infinity = (2 * bias + 1) << mantissa;
    let quiet = infinity | 1 << (mantissa - 1);
    let power = |exponent: i64| (bias + exponent) << mantissa;
    let value = [&GET[..], &[reinterpret]].concat();
    let size = [&value[..], &constant(wide, !sign), &[and]].concat();
    let equals = |what: &[u8], bits: i64| [what, &constant(wide, bits), &[eq]].concat();
    let within = |first: i64, count: i64| [&size[..], &constant(wide, first), &[sub], &constant(wide, count), &[lt_u]].concat();
    vec![
        equals(&value, 0),
        equals(&value, sign),
        equals(&size, quiet),
        within(quiet + 1, (1 << (mantissa - 1)) - 1),
        within(infinity + 1, (1 << (mantissa - 1)) - 1),
        equals(&value, infinity),
        equals(&value, infinity | sign),
        within(1, (1 << mantissa) - 1),
        within(power(31) - (1 << (mantissa.saturating_sub(30))), (1 << mantissa.saturating_sub(29)) + 1),
        within(power(32) - (1 << (mantissa.saturating_sub(30))), (1 << mantissa.saturating_sub(29)) + 1),
        within(power(63) - 2, 5),
        within(power(64) - 2, 5),
        equals(&size, power(-1)),
    ]
}

/// Returns the conditions of the classes of accesses, with the parameters address, offset, size, and number of bytes in the memory: aligned;
/// unaligned; across a boundary of 4 KiB; across one of 64 KiB; the last bytes; partly outside; outside; from 2^32 on;
/// from 2^63 on.
fn access_classes() -> Vec<Vec<u8>> {
    let at = [0x20, 1, 0x20, 2, 0x7c];
    let get = |local: u8| [0x20, local];
    let past = [&at[..], &get(3), &[0x7c]].concat();
    let rest = |mask: i64| [&at[..], &constant(true, mask), &[0x83]].concat();
    let crosses = |size: i64| [&rest(size - 1)[..], &get(3), &[0x7c], &constant(true, size), &[0x56]].concat();
    let misaligned = [&at[..], &get(3), &constant(true, 1), &[0x7d, 0x83, 0x50]].concat();
    let inside = [&at[..], &get(4), &[0x54]].concat();
    vec![
        misaligned.clone(),
        [&misaligned[..], &[0x45]].concat(),
        crosses(4096),
        crosses(65536),
        [&past[..], &get(4), &[0x51]].concat(),
        [&inside[..], &past, &get(4), &[0x56, 0x71]].concat(),
        [&inside[..], &[0x45]].concat(),
        [&at[..], &constant(true, 1 << 32), &[0x5a]].concat(),
        [&at[..], &constant(true, 0), &[0x53]].concat(),
    ]
}

/// Returns the conditions of the classes of copies, with the parameters destination, source, length, and whether both are in the same memory,
/// table or array: no bytes; apart; onto itself; overlapping downwards; overlapping upwards; to another memory, table
/// or array.
fn copy_classes() -> Vec<Vec<u8>> {
    let get = |local: u8| [0x20, local];
    let one = [0x20, 4];
    let some = [&get(3)[..], &[0x50, 0x45, 0x71]].concat();
    let less = |a: u8, b: u8| [&get(a)[..], &get(b), &[0x54]].concat();
    let reaches = |a: u8, b: u8| [&get(a)[..], &get(3), &[0x7c], &get(b), &[0x56]].concat();
    vec![
        [&get(3)[..], &[0x50]].concat(),
        [&one[..], &some, &reaches(1, 2), &[0x45, 0x71]].concat(),
        [&one[..], &some, &get(1), &get(2), &[0x51, 0x71]].concat(),
        [&one[..], &some, &less(1, 2), &[0x71], &reaches(1, 2), &[0x71]].concat(),
        [&one[..], &some, &less(2, 1), &[0x71], &reaches(2, 1), &[0x71]].concat(),
        [&one[..], &[0x45]].concat(),
    ]
}
