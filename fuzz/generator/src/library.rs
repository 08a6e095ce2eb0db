//! Makes `library.wasm`, from which modules in the same directory import: functions that change its state, one that
//! throws, globals, a memory, a table and a tag.

use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, Function, FunctionSection, GlobalSection, GlobalType, Instruction, MemArg,
    MemorySection, MemoryType, Module, RefType, TableSection, TableType, TagKind, TagSection, TagType, TypeSection,
};

use crate::dense::{Signature, val_type};
use crate::operators::Ty;

/// Returns the parameters and results of the functions `f0`, `f1`, ...
pub fn signatures() -> Vec<Signature> {
    use Ty::*;
    let all: [(&[Ty], &[Ty]); 5] = [
        (&[I32, I64], &[I64]),
        (&[F64, F32, I32], &[F64]),
        (&[I64, I64, I64, I64, I64, I64, I64, I64, I64, I64, I32, I32], &[I32, I64, I32]),
        (&[I32], &[I32]),
        (&[V128, V128], &[V128]),
    ];
    all.iter().map(|(parameters, results)| Signature { parameters: parameters.to_vec(), results: results.to_vec() }).collect()
}

/// The types of the globals `g0`, `g1`, ..., and whether they are mutable.
pub const GLOBALS: [(Ty, bool); 3] = [(Ty::I32, true), (Ty::I64, true), (Ty::F64, false)];
/// The size of `memory` at first and at most, in pages.
pub const MEMORY_PAGES: (u64, u64) = (2, 4);
/// The types of the values of an exception with `tag`.
pub const TAG: [Ty; 1] = [Ty::I32];

/// Returns the type of `table`.
pub fn table() -> TableType {
    TableType { element_type: RefType::FUNCREF, minimum: 8, maximum: Some(12), table64: false, shared: false }
}

/// Returns the type of `memory`.
pub fn memory() -> MemoryType {
    MemoryType { minimum: MEMORY_PAGES.0, maximum: Some(MEMORY_PAGES.1), memory64: false, shared: false, page_size_log2: None }
}

/// Returns the type of an entry of GLOBALS.
pub fn global((ty, mutable): (Ty, bool)) -> GlobalType {
    GlobalType { val_type: val_type(ty), mutable, shared: false }
}

fn bodies() -> Vec<Vec<Instruction<'static>>> {
    use Instruction as I;
    let at = MemArg { offset: 0, align: 3, target: Default::default(), ordering: None };
    let place = [I::LocalGet(0), I::I32Const(0xff8), I::I32And];
    let mut sum = vec![I::LocalGet(10), I::LocalGet(11), I::I32Sub, I::I64Const(1)];
    for local in 0..10 {
        sum.extend([I::LocalGet(local), I::I64Add, I::I64Const(7), I::I64Rotl]);
    }
    sum.extend([I::GlobalGet(0), I::GlobalGet(0), I::I32Const(1), I::I32Add, I::GlobalSet(0)]);
    vec![
        [
            &place[..],
            &[I::GlobalGet(1), I::LocalGet(1), I::I64Add, I::GlobalSet(1), I::LocalGet(1), I::I64Store(at)],
            &place[..],
            &[I::I64Load(at), I::I64Const(31), I::I64Mul, I::GlobalGet(1), I::I64Add],
        ]
        .concat(),
        vec![I::LocalGet(0), I::LocalGet(1), I::F64PromoteF32, I::F64Mul, I::LocalGet(2), I::F64ConvertI32S, I::F64Add],
        sum,
        vec![
            I::LocalGet(0), I::I32Const(7), I::I32And, I::I32Const(5), I::I32Eq, I::If(wasm_encoder::BlockType::Empty), I::LocalGet(0),
            I::Throw(0), I::End, I::LocalGet(0), I::I32Const(1), I::I32Add,
        ],
        vec![I::LocalGet(0), I::LocalGet(1), I::I32x4Sub],
    ]
}

/// Returns the bytes of the library.
pub fn make() -> Vec<u8> {
    let mut types = TypeSection::new();
    let (mut functions, mut code, mut exports) = (FunctionSection::new(), CodeSection::new(), ExportSection::new());
    let all = |types: &[Ty]| types.iter().map(|ty| val_type(*ty)).collect::<Vec<_>>();
    for (number, (signature, body)) in signatures().iter().zip(bodies()).enumerate() {
        types.ty().function(all(&signature.parameters), all(&signature.results));
        functions.function(number as u32);
        let mut function = Function::new([]);
        body.iter().for_each(|instruction| { function.instruction(instruction); });
        function.instruction(&Instruction::End);
        code.function(&function);
        exports.export(&format!("f{number}"), ExportKind::Func, number as u32);
    }
    let func_type_idx = types.len();
    types.ty().function(all(&TAG), []);
    let mut globals = GlobalSection::new();
    for (number, kind) in GLOBALS.into_iter().enumerate() {
        let value = match kind.0 {
            Ty::I32 => ConstExpr::i32_const(-3),
            Ty::I64 => ConstExpr::i64_const(i64::MAX - 2),
            _ => ConstExpr::f64_const(0.1.into()),
        };
        globals.global(global(kind), &value);
        exports.export(&format!("g{number}"), ExportKind::Global, number as u32);
    }
    let (mut memories, mut tables, mut tags) = (MemorySection::new(), TableSection::new(), TagSection::new());
    memories.memory(memory());
    tables.table(table());
    tags.tag(TagType { kind: TagKind::Exception, func_type_idx });
    exports.export("memory", ExportKind::Memory, 0).export("table", ExportKind::Table, 0).export("tag", ExportKind::Tag, 0);
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&tables).section(&memories).section(&tags).section(&globals);
    module.section(&exports).section(&code);
    module.finish()
}
