//! Modules of the project's own: dense arithmetic, memory and control flow in functions that seldom trap, with bounded
//! loops, many live values, repeated expressions and addresses, calls of every kind.

mod expression;
mod objects;
mod statement;

use wasm_encoder::{
    CodeSection, ConstExpr, DataCountSection, DataSection, ElementSection, Elements, Function, FunctionSection, GlobalSection,
    GlobalType, MemorySection, MemoryType, Module, RefType, TableSection, TableType, TagKind, TagSection, TagType, TypeSection,
    ValType,
};

use crate::code;
use crate::features::Features;
use crate::operators::{self, Access, Operator, Ty};
use crate::random::Random;
use crate::values;

#[derive(Clone)]
pub struct Signature {
    pub parameters: Vec<Ty>,
    pub results: Vec<Ty>,
}

/// What functions may refer to.
pub struct Surroundings {
    pub types: Vec<Ty>,
    pub operators: Vec<Operator>,
    pub loads: Vec<Access>,
    pub stores: Vec<Access>,
    pub signatures: Vec<Signature>, // by function; its type has the same number
    pub globals: Vec<(Ty, bool)>,   // whether mutable
    pub fuel: u32,
    pub memories: Vec<bool>, // whether of 64 bits
    pub table: Vec<u32>,     // functions in the table
    pub tags: Vec<Vec<Ty>>,
    pub atomics: bool,
    pub exceptions: bool,
    pub wide: bool,
    pub data_segments: u32,
    pub objects: bool,
    pub raw: u64, // percent of operands that are left free to trap
}

impl Surroundings {
    /// Number of the first type of objects: after the functions' types and two for each tag.
    pub fn object_types(&self) -> u32 {
        (self.signatures.len() + 2 * self.tags.len()) as u32
    }
}

/// One function while it is made.
pub struct Maker<'a> {
    pub around: &'a Surroundings,
    pub random: &'a mut Random,
    pub code: Vec<u8>,
    pub locals: Vec<Ty>,
    pub counters: Vec<(u32, Ty)>, // locals of loops that surround what is made; read only
    pub free_counters: Vec<(u32, Ty)>,
    pub results: Vec<Ty>,
    /// Whether the label takes no values and may be branched to, innermost last.
    pub labels: Vec<bool>,
    pub budget: i32,
    pub remembered: Vec<(Ty, Vec<u8>)>,
    pub addresses: Vec<(u32, Vec<u8>, u64)>, // memory, code, offset
    pub loops: u32,
    pub objects: Option<objects::Objects>,
}

fn val_type(ty: Ty) -> ValType {
    match ty {
        Ty::I32 => ValType::I32,
        Ty::I64 => ValType::I64,
        Ty::F32 => ValType::F32,
        Ty::F64 => ValType::F64,
        Ty::V128 => ValType::V128,
    }
}

fn constant(ty: Ty, random: &mut Random) -> ConstExpr {
    match ty {
        Ty::I32 => ConstExpr::i32_const(values::i32(random)),
        Ty::I64 => ConstExpr::i64_const(values::i64(random)),
        Ty::F32 => ConstExpr::f32_const(f32::from_bits(values::f32_bits(random)).into()),
        Ty::F64 => ConstExpr::f64_const(f64::from_bits(values::f64_bits(random)).into()),
        Ty::V128 => ConstExpr::v128_const(values::v128_bits(random) as i128),
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

pub fn make(random: &mut Random, features: &Features) -> (Vec<u8>, (u32, u32)) {
    let mut types = vec![Ty::I32, Ty::I32, Ty::I32, Ty::I64, Ty::I64, Ty::F64, Ty::F32];
    if random.chance(25) {
        types.retain(|ty| matches!(ty, Ty::I32 | Ty::I64));
    }
    let simd = features.simd && random.chance(70);
    if simd {
        types.extend([Ty::V128, Ty::V128]);
    }
    let function_count = 1 + random.below(4) as u32;
    let mut signatures: Vec<Signature> = Vec::new();
    for _ in 0..function_count {
        // Tail calls need callees with the same results.
        let mut made = signature(random, &types);
        if !signatures.is_empty() && random.chance(50) {
            made.results = random.pick(&signatures).results.clone();
        }
        signatures.push(made);
    }
    let globals: Vec<(Ty, bool)> = (0..1 + random.below(5)).map(|_| (*random.pick(&types), random.chance(80))).collect();
    let memories: Vec<bool> = (0..if features.multi_memory && random.chance(40) { 2 } else { 1 })
        .map(|_| features.memory64 && random.chance(35))
        .collect();
    let table: Vec<u32> = (0..4).map(|_| random.below(u64::from(function_count)) as u32).collect();
    let tags: Vec<Vec<Ty>> = if features.exceptions {
        (0..2).map(|_| (0..random.below(4)).map(|_| *random.pick(&types)).collect()).collect()
    } else {
        Vec::new()
    };
    let around = Surroundings {
        operators: operators::all(simd),
        loads: operators::loads(simd),
        stores: operators::stores(simd),
        types,
        fuel: globals.len() as u32,
        globals,
        memories,
        table,
        tags,
        signatures,
        atomics: features.threads,
        exceptions: features.exceptions,
        wide: features.wide_arithmetic,
        data_segments: 2,
        objects: features.gc && random.chance(70),
        raw: if random.chance(20) { 20 } else { 1 },
    };
    let mut code_section = CodeSection::new();
    for signature in &around.signatures {
        code_section.function(&function(&around, signature, random));
    }
    let fuel = 8 + random.below(24) as u32;
    (assemble(&around, code_section, fuel, random), (around.fuel, fuel))
}

fn function(around: &Surroundings, signature: &Signature, random: &mut Random) -> Function {
    let mut locals = signature.parameters.clone();
    let declared = if random.chance(20) { 10 + random.below(20) } else { 2 + random.below(6) };
    for _ in 0..declared {
        locals.push(*random.pick(&around.types));
    }
    let first_counter = locals.len() as u32;
    let counters: Vec<(u32, Ty)> =
        (0..4).map(|i| (first_counter + i, if random.chance(70) { Ty::I32 } else { Ty::I64 })).collect();
    let objects = around.objects.then(|| objects::Objects {
        types: around.object_types(),
        locals: first_counter + 4,
        global: around.fuel + 1,
    });
    let budget = if random.chance(2) { 2000 } else if random.chance(10) { 400 } else { 30 + random.below(120) as i32 };
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
        objects,
    };
    maker.spend_fuel();
    while maker.budget > 0 {
        maker.statement();
    }
    maker.budget = 20;
    maker.finish();
    let code = std::mem::take(&mut maker.code);
    let declared = locals[signature.parameters.len()..].iter().chain(counters.iter().map(|(_, ty)| ty));
    let mut declared: Vec<_> = declared.map(|ty| (1, val_type(*ty))).collect();
    if let Some(objects) = objects {
        declared.extend(objects::locals(objects.types).map(|ty| (1, ty)));
    }
    let mut made = Function::new(declared);
    made.raw(code);
    made
}

fn assemble(around: &Surroundings, code: CodeSection, fuel: u32, random: &mut Random) -> Vec<u8> {
    let mut types = TypeSection::new();
    let mut functions = FunctionSection::new();
    for (number, signature) in around.signatures.iter().enumerate() {
        let all = |types: &[Ty]| types.iter().map(|ty| val_type(*ty)).collect::<Vec<_>>();
        types.ty().function(all(&signature.parameters), all(&signature.results));
        functions.function(number as u32);
    }
    let mut tags = TagSection::new();
    for (number, tag) in around.tags.iter().enumerate() {
        types.ty().function(tag.iter().map(|ty| val_type(*ty)), []);
        tags.tag(TagType { kind: TagKind::Exception, func_type_idx: (around.signatures.len() + number) as u32 });
    }
    for tag in &around.tags {
        types.ty().function([], tag.iter().map(|ty| val_type(*ty)));
    }
    if around.objects {
        objects::declare(&mut types, around.object_types());
    }
    let mut tables = TableSection::new();
    tables.table(TableType {
        element_type: RefType::FUNCREF,
        minimum: 8,
        maximum: Some(8),
        table64: false,
        shared: false,
    });
    let mut memories = MemorySection::new();
    let mut data = DataSection::new();
    for (number, memory64) in around.memories.iter().enumerate() {
        memories.memory(MemoryType { minimum: 1, maximum: Some(3), memory64: *memory64, shared: false, page_size_log2: None });
        let mut bytes = vec![0; 256];
        random.fill(&mut bytes);
        for chunk in bytes.chunks_mut(16) {
            if random.chance(70) {
                let mut out = Vec::new();
                code::constant(&mut out, Ty::V128, random);
                chunk.copy_from_slice(&out[2..]);
            }
        }
        let offset = *random.pick(&[0, 1000, 65536 - 256]);
        let offset = if *memory64 { ConstExpr::i64_const(offset) } else { ConstExpr::i32_const(offset as i32) };
        data.active(number as u32, &offset, bytes.iter().copied());
    }
    while data.len() < around.data_segments + around.memories.len() as u32 {
        data.passive((0..32).map(|byte| byte * 7 + 1));
    }
    let mut globals = GlobalSection::new();
    for (ty, mutable) in &around.globals {
        globals.global(GlobalType { val_type: val_type(*ty), mutable: *mutable, shared: false }, &constant(*ty, random));
    }
    globals.global(GlobalType { val_type: ValType::I32, mutable: true, shared: false }, &ConstExpr::i32_const(fuel as i32));
    if around.objects {
        let val_type = objects::reference(around.object_types());
        let null = ConstExpr::ref_null(wasm_encoder::HeapType::Concrete(around.object_types()));
        globals.global(GlobalType { val_type, mutable: true, shared: false }, &null);
    }
    let mut elements = ElementSection::new();
    elements.active(Some(0), &ConstExpr::i32_const(0), Elements::Functions(around.table.as_slice().into()));

    let mut module = Module::new();
    module.section(&types).section(&functions).section(&tables).section(&memories);
    if !tags.is_empty() {
        module.section(&tags);
    }
    module.section(&globals).section(&elements).section(&DataCountSection { count: data.len() }).section(&code).section(&data);
    module.finish()
}
