//! The project's own generator. Its modules have dense arithmetic, accesses to memory and control flow in functions
//! that seldom trap, with bounded loops, many live values, repeated expressions and addresses, and calls of every kind.

mod addresses;
mod arrays;
mod atomics;
mod bulk;
mod exceptions;
mod expression;
mod idioms;
mod large;
mod objects;
mod references;
mod relaxed;
mod shuffles;
mod statement;
mod tables;

use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, EntityType, Function, FunctionSection, GlobalSection, GlobalType,
    HeapType, ImportSection, MemorySection, MemoryType, Module, RefType, TagKind, TagSection, TagType, TypeSection, ValType,
};

use crate::code;
use crate::features::Features;
use crate::library;
use crate::operators::{self, Access, Operator, Ty};
use crate::random::Random;
use crate::values;

#[derive(Clone)]
pub struct Signature {
    pub parameters: Vec<Ty>,
    pub results: Vec<Ty>,
}

/// The kind of code that a module has more of than others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Arithmetic,
    Vectors,
    Objects,
    Tables,
    Exceptions,
    Atomics,
    Wide,
    Bulk,
    Calls,
}

pub struct Memory {
    pub is_64: bool,
    pub shared: bool,
    pub bytes: u64,   // size at first; the memory may grow a little
    pub maximum: u64, // greatest size in pages
    pub page: u32,    // logarithm of the page size
}

/// The parts of the module that all of its functions may refer to.
pub struct Surroundings {
    pub theme: Theme,
    pub types: Vec<Ty>,
    pub operators: Vec<Operator>,
    pub loads: Vec<Access>,
    pub stores: Vec<Access>,
    pub first_type: u32, // index of the first function type; the types of objects come before
    pub signatures: Vec<Signature>, // of each function; function n has the type `first_type` + n
    pub globals: Vec<(Ty, bool)>,   // type of each global, and whether it is mutable
    pub fuel: u32,                  // index of the global that holds the fuel (Maker::spend_fuel)
    pub memories: Vec<Memory>,
    pub table: Vec<u32>, // functions in the table through which calls go
    pub table64: bool,   // whether the second table's indices have 64 bits
    pub tags: Vec<Vec<Ty>>, // types of the values of each tag's exceptions
    // The features that functions may use.
    pub atomics: bool,
    pub exceptions: bool,
    pub legacy: bool, // exceptions in the older encoding
    pub wide: bool,   // wide arithmetic
    pub objects: bool,
    pub open_functions: bool, // whether their types are not final
    pub simd: bool,
    pub raw: u64, // percentage of operands that are not kept from trapping
    pub imports: Imports,
}

/// The imports from `library.wasm`, which have the lowest indices of each kind.
#[derive(Default)]
pub struct Imports {
    pub functions: Vec<u32>, // numbers of functions in the library
    pub globals: Vec<u32>,   // numbers of globals in the library
    pub memory: bool,
    pub table: bool, // whether the table through which calls go is imported
    pub tag: bool,
}

impl Imports {
    fn choose(random: &mut Random, simd: bool, exceptions: bool) -> Self {
        let functions = if simd { 5 } else { 4 };
        Imports {
            functions: (0..1 + random.below(3)).map(|_| random.below(functions) as u32).collect(),
            globals: (0..library::GLOBALS.len() as u32).filter(|_| random.chance(50)).collect(),
            memory: random.chance(40),
            table: random.chance(50),
            tag: exceptions && random.chance(60),
        }
    }
}

impl Surroundings {
    /// Returns the index of the first of three passive data segments: for memories, for arrays, and one that may have been
    /// dropped.
    pub fn passive_data(&self) -> u32 {
        self.memories.len() as u32
    }

    /// Returns the index of the element segment with structures.
    pub fn object_segment(&self) -> u32 {
        tables::STRUCTURE_SEGMENT
    }

    /// Returns the number of types of structures and arrays, which have the lowest type indices.
    pub fn object_types(&self) -> u32 {
        objects::type_count(self.simd)
    }

    /// Returns the type of blocks that give the values of a tag's exception, and, if `reference`, a reference to the exception.
    /// These types follow those of the functions and of the tags.
    pub fn payload_type(&self, tag: u32, reference: bool) -> u32 {
        let tags = self.tags.len() as u32;
        self.first_type + self.signatures.len() as u32 + tags * (1 + u32::from(reference)) + tag
    }
}

/// The state while one function is made.
pub struct Maker<'a> {
    pub around: &'a Surroundings,
    pub random: &'a mut Random,
    pub code: Vec<u8>,
    pub locals: Vec<Ty>, // parameters and locals that statements may write
    pub counters: Vec<(u32, Ty)>, // counters of the surrounding loops, which are locals; statements only read them
    pub free_counters: Vec<(u32, Ty)>, // for more loops
    pub results: Vec<Ty>,
    /// For each label, innermost last: whether statements may branch to it, because it takes no values.
    pub labels: Vec<bool>,
    /// How much more code may be written. Each statement and expression takes some; below 0, they are short.
    pub budget: i32,
    pub remembered: Vec<(Ty, Vec<u8>)>, // type and code of expressions that may be used again
    pub addresses: Vec<(u32, Vec<u8>, u64)>, // memory, code and offset of addresses that may be used again
    pub loops: u32, // number of surrounding loops
    pub raw: u64, // as in Surroundings, or more
    pub arrays: Vec<(u32, u32)>, // locals for arrays, and their types
    pub temporary: u32,          // local for a structure
    pub exception: u32,          // local for an exception
}

/// Returns the type as wasm-encoder's type.
pub fn val_type(ty: Ty) -> ValType {
    match ty {
        Ty::I32 => ValType::I32,
        Ty::I64 => ValType::I64,
        Ty::F32 => ValType::F32,
        Ty::F64 => ValType::F64,
        Ty::V128 => ValType::V128,
        Ty::Base => objects::reference(0),
        Ty::Any => ValType::Ref(RefType::ANYREF),
    }
}

fn constant(ty: Ty, random: &mut Random) -> ConstExpr {
    match ty {
        Ty::I32 => ConstExpr::i32_const(values::i32(random)),
        Ty::I64 => ConstExpr::i64_const(values::i64(random)),
        Ty::F32 => ConstExpr::f32_const(f32::from_bits(values::f32_bits(random)).into()),
        Ty::F64 => ConstExpr::f64_const(f64::from_bits(values::f64_bits(random)).into()),
        Ty::V128 => ConstExpr::v128_const(values::v128_bits(random) as i128),
        Ty::Base => ConstExpr::ref_null(HeapType::Concrete(0)),
        Ty::Any => ConstExpr::ref_null(HeapType::ANY),
    }
}

fn signature(random: &mut Random, types: &[Ty]) -> Signature {
    let parameters = if random.chance(15) { 8 + random.below(12) } else { random.below(6) };
    let results = if random.chance(10) { 3 + random.below(8) } else { 1 + random.below(2) };
    Signature {
        parameters: (0..parameters).map(|_| *random.pick(types)).collect(),
        results: (0..results).map(|_| *random.pick(types)).collect(),
    }
}

fn theme(random: &mut Random, features: &Features) -> Theme {
    use Theme::*;
    // Theme, weight, and whether it is possible. Themes of rare features have more weight.
    let all = [
        (Arithmetic, 3, true), (Vectors, 4, features.simd), (Objects, 5, features.gc), (Tables, 2, true), (Exceptions, 3, features.exceptions),
        (Atomics, 9, features.threads), (Wide, 10, features.wide_arithmetic), (Bulk, 1, true), (Calls, 1, true),
    ];
    let possible: Vec<Theme> =
        all.iter().filter(|(_, _, on)| *on).flat_map(|(theme, weight, _)| std::iter::repeat_n(*theme, *weight)).collect();
    *random.pick(&possible)
}

fn memory(random: &mut Random, features: &Features) -> Memory {
    let is_64 = features.memory64 && random.chance(35);
    let shared = features.threads && random.chance(40);
    if features.custom_page_sizes && random.chance(50) {
        let bytes = 3 * 65536 - random.below(3);
        return Memory { is_64, shared, bytes, maximum: bytes + 1 + random.below(3), page: 0 };
    }
    let pages = *random.pick(&[1, 2, 2, 2, 3, 3, 3]);
    Memory { is_64, shared, bytes: pages << 16, maximum: pages + random.below(3), page: 16 }
}

/// Returns a random module's bytes; the index of the global that holds the fuel, and how much of it an entry gets.
pub fn make(random: &mut Random, features: &Features) -> (Vec<u8>, (u32, u32)) {
    let theme = theme(random, features);
    let mut types = vec![Ty::I32, Ty::I32, Ty::I32, Ty::I64, Ty::I64, Ty::F64, Ty::F32];
    if random.chance(25) {
        types.retain(|ty| matches!(ty, Ty::I32 | Ty::I64));
    }
    let simd = features.simd && (theme == Theme::Vectors || random.chance(60));
    if simd {
        types.extend([Ty::V128, Ty::V128]);
    }
    if theme == Theme::Vectors {
        types.extend([Ty::V128; 4]);
    }
    let objects = features.gc && (theme == Theme::Objects || random.chance(70));
    if objects {
        types.extend([Ty::Base, Ty::Base, Ty::Any]);
    }
    let function_count = 1 + random.below(if theme == Theme::Calls { 7 } else { 4 }) as u32;
    let imports = if random.chance(25) { Imports::choose(random, simd, features.exceptions) } else { Imports::default() };
    let known = library::signatures();
    let mut signatures: Vec<Signature> = imports.functions.iter().map(|number| known[*number as usize].clone()).collect();
    for _ in 0..function_count {
        // Tail calls need callees with the same results.
        let mut made = signature(random, &types);
        if !signatures.is_empty() && random.chance(50) {
            made.results = random.pick(&signatures).results.clone();
        }
        signatures.push(made);
    }
    let mut globals: Vec<(Ty, bool)> = imports.globals.iter().map(|number| library::GLOBALS[*number as usize]).collect();
    globals.extend((0..1 + random.below(5)).map(|_| (*random.pick(&types), random.chance(80))));
    let mut memories: Vec<Memory> =
        (0..if features.multi_memory && random.chance(40) { 2 } else { 1 }).map(|_| memory(random, features)).collect();
    if imports.memory {
        let (pages, maximum) = library::MEMORY_PAGES;
        memories[0] = Memory { is_64: false, shared: false, bytes: pages << 16, maximum, page: 16 };
    }
    let table: Vec<u32> = (0..4).map(|_| random.below(signatures.len() as u64) as u32).collect();
    let mut tags: Vec<Vec<Ty>> = if features.exceptions {
        (0..2).map(|_| (0..random.below(4)).map(|_| *random.pick(&types)).collect()).collect()
    } else {
        Vec::new()
    };
    if imports.tag {
        tags[0] = library::TAG.to_vec();
    }
    let around = Surroundings {
        imports,
        theme,
        operators: operators::all(simd),
        loads: operators::loads(simd),
        stores: operators::stores(simd),
        types,
        first_type: if objects { objects::type_count(simd) } else { 0 },
        fuel: globals.len() as u32,
        globals,
        memories,
        table,
        table64: features.memory64 && random.chance(50),
        tags,
        signatures,
        atomics: features.threads,
        exceptions: features.exceptions,
        legacy: features.legacy_exceptions,
        wide: features.wide_arithmetic,
        objects,
        open_functions: objects && random.chance(30),
        simd,
        raw: if random.chance(12) { 12 } else { 1 },
    };
    let mut code_section = CodeSection::new();
    let probes = if random.chance(40) { 1 + random.below(2) as usize } else { 0 };
    for (number, signature) in around.signatures.iter().enumerate().skip(around.imports.functions.len()) {
        let probe = number >= (around.signatures.len() - probes).max(1);
        code_section.function(&function(&around, signature, probe, random));
    }
    let fuel = 8 + random.below(24) as u32;
    (assemble(&around, code_section, fuel, random), (around.fuel, fuel))
}

fn function(around: &Surroundings, signature: &Signature, probe: bool, random: &mut Random) -> Function {
    let mut locals = signature.parameters.clone();
    let declared = if random.chance(20) { 10 + random.below(20) } else { 2 + random.below(6) };
    for _ in 0..declared {
        locals.push(*random.pick(&around.types));
    }
    let first_counter = locals.len() as u32;
    let counters: Vec<(u32, Ty)> =
        (0..4).map(|i| (first_counter + i, if random.chance(70) { Ty::I32 } else { Ty::I64 })).collect();
    let mut more = first_counter + 4;
    let mut references = Vec::new();
    let mut arrays = Vec::new();
    if around.objects {
        let first = objects::STRUCTURES;
        let count = u64::from(objects::array_end(around.simd) - first);
        for _ in 0..3 {
            // Two arrays often have the same type.
            let kind = match random.below(10) {
                0..=2 if !arrays.is_empty() => arrays[0],
                3 | 4 => objects::BASE_ARRAY,
                _ => first + random.below(count) as u32,
            };
            arrays.push(kind);
            references.push(objects::reference(kind));
        }
        references.push(objects::reference(0));
    }
    let arrays: Vec<(u32, u32)> = arrays.into_iter().map(|kind| { more += 1; (more - 1, kind) }).collect();
    let temporary = more;
    let exception = more + u32::from(around.objects);
    if around.exceptions && !around.legacy {
        references.push(ValType::EXNREF);
    }
    let budget = if probe { 1 } else if random.chance(2) { 2000 } else if random.chance(10) { 400 } else { 30 + random.below(120) as i32 };
    let mut maker = Maker {
        around,
        random,
        code: Vec::new(),
        locals: locals.clone(),
        counters: Vec::new(),
        free_counters: counters.clone(),
        results: signature.results.clone(),
        labels: Vec::new(),
        budget,
        remembered: Vec::new(),
        addresses: Vec::new(),
        loops: 0,
        raw: around.raw,
        arrays,
        temporary,
        exception,
    };
    maker.spend_fuel();
    maker.make_arrays();
    while maker.budget > 0 {
        maker.statement();
    }
    if probe {
        maker.probe();
        maker.raw = around.raw;
    }
    maker.budget = 20;
    maker.finish();
    let code = std::mem::take(&mut maker.code);
    let declared = locals[signature.parameters.len()..].iter().chain(counters.iter().map(|(_, ty)| ty));
    let mut declared: Vec<_> = declared.map(|ty| (1, val_type(*ty))).collect();
    declared.extend(references.into_iter().map(|ty| (1, ty)));
    let mut made = Function::new(declared);
    made.raw(code);
    made
}

fn assemble(around: &Surroundings, code: CodeSection, fuel: u32, random: &mut Random) -> Vec<u8> {
    let mut types = TypeSection::new();
    let mut functions = FunctionSection::new();
    if around.objects {
        objects::declare(&mut types, around.simd);
    }
    let all = |types: &[Ty]| types.iter().map(|ty| val_type(*ty)).collect::<Vec<_>>();
    for (number, signature) in around.signatures.iter().enumerate() {
        let imported = number < around.imports.functions.len();
        if around.open_functions && !imported {
            types.ty().subtype(&objects::open_function(all(&signature.parameters), all(&signature.results)));
        } else {
            types.ty().function(all(&signature.parameters), all(&signature.results));
        }
        if number >= around.imports.functions.len() {
            functions.function(around.first_type + number as u32);
        }
    }
    let mut imports = ImportSection::new();
    for (number, function) in around.imports.functions.iter().enumerate() {
        imports.import("library", &format!("f{function}"), EntityType::Function(around.first_type + number as u32));
    }
    for global in &around.imports.globals {
        imports.import("library", &format!("g{global}"), library::global(library::GLOBALS[*global as usize]));
    }
    if around.imports.memory {
        imports.import("library", "memory", library::memory());
    }
    if around.imports.table {
        imports.import("library", "table", library::table());
    }
    let mut tags = TagSection::new();
    for (number, tag) in around.tags.iter().enumerate() {
        types.ty().function(all(tag), []);
        let func_type_idx = around.first_type + (around.signatures.len() + number) as u32;
        let ty = TagType { kind: TagKind::Exception, func_type_idx };
        if number == 0 && around.imports.tag {
            imports.import("library", "tag", ty);
        } else {
            tags.tag(ty);
        }
    }
    for tag in &around.tags {
        types.ty().function([], all(tag));
    }
    for tag in around.tags.iter().filter(|_| !around.legacy) {
        let mut results = all(tag);
        results.push(ValType::EXNREF);
        types.ty().function([], results);
    }
    let mut memories = MemorySection::new();
    let mut data = DataSection::new();
    for (number, memory) in around.memories.iter().enumerate() {
        let ty = MemoryType {
            minimum: memory.bytes >> memory.page,
            maximum: Some(memory.maximum),
            memory64: memory.is_64,
            shared: memory.shared,
            page_size_log2: (memory.page != 16).then_some(memory.page),
        };
        if number != 0 || !around.imports.memory {
            memories.memory(ty);
        }
        let mut bytes = vec![0; 256];
        random.fill(&mut bytes);
        for chunk in bytes.chunks_mut(16) {
            if random.chance(70) {
                let mut out = Vec::new();
                code::constant(&mut out, Ty::V128, random);
                chunk.copy_from_slice(&out[2..]);
            }
        }
        let offset = *random.pick(&[0, 1000, memory.bytes as i64 - 256]);
        let offset = if memory.is_64 { ConstExpr::i64_const(offset) } else { ConstExpr::i32_const(offset as i32) };
        data.active(number as u32, &offset, bytes.iter().copied());
    }
    for size in [32, 200, 8] {
        data.passive((0..size).map(|byte: u32| (byte * 7 + 1) as u8));
    }
    let mut globals = GlobalSection::new();
    for (ty, mutable) in &around.globals[around.imports.globals.len()..] {
        globals.global(GlobalType { val_type: val_type(*ty), mutable: *mutable, shared: false }, &constant(*ty, random));
    }
    globals.global(GlobalType { val_type: ValType::I32, mutable: true, shared: false }, &ConstExpr::i32_const(fuel as i32));
    let (tables, elements) = tables::declare(around);

    let mut module = Module::new();
    module.section(&types);
    if !imports.is_empty() {
        module.section(&imports);
    }
    module.section(&functions).section(&tables).section(&memories);
    if !tags.is_empty() {
        module.section(&tags);
    }
    module.section(&globals).section(&elements).section(&DataCountSection { count: data.len() }).section(&code).section(&data);
    module.finish()
}
