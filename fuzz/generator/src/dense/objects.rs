//! Managed objects in dense functions: their types, and structures that are made, read, written and compared.
//! `arrays.rs` is about arrays, and `references.rs` about references and casts.

use wasm_encoder::{
    ArrayType, CompositeInnerType, CompositeType, FieldType, FuncType, HeapType, RefType, StorageType, StructType, SubType, TypeSection, ValType,
};

use super::Maker;
use crate::code::{index, signed, unsigned};
use crate::operators::Ty;

/// The type of a field or an element, which may be packed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    I8,
    I16,
    Val(Ty),
}

impl Storage {
    /// Returns the type of the value that reads of such a field or element give.
    pub fn unpacked(self) -> Ty {
        match self {
            Storage::Val(ty) => ty,
            _ => Ty::I32,
        }
    }

    fn encoded(self) -> StorageType {
        match self {
            Storage::I8 => StorageType::I8,
            Storage::I16 => StorageType::I16,
            Storage::Val(ty) => StorageType::Val(super::val_type(ty)),
        }
    }
}

use Storage::Val;

/// The fields of structure 0, from which the structures 1 to 3 derive. They add fields of their own.
pub const BASE: [Storage; 8] =
    [Val(Ty::I32), Val(Ty::I64), Storage::I8, Val(Ty::F64), Val(Ty::Base), Storage::I16, Val(Ty::F32), Val(Ty::Any)];
pub const DERIVED: u32 = 1; // a final type that adds an immutable i32
pub const OTHER: u32 = 2; // an open type that adds an i64; type 3 is final, derives from it and adds a reference to any
pub const STRUCTURES: u32 = 4; // number of these types

/// The array types, whose numbers follow: the type of their elements, and whether the elements are mutable.
pub const ARRAYS: [(Storage, bool); 10] = [
    (Storage::I8, true),
    (Storage::I16, true),
    (Val(Ty::I32), true),
    (Val(Ty::I64), true),
    (Val(Ty::F32), true),
    (Val(Ty::F64), true),
    (Val(Ty::Base), true),
    (Val(Ty::Any), true),
    (Val(Ty::I64), false),
    (Val(Ty::V128), true), // only in modules with vectors
];

/// The number of the type of arrays of structures.
pub const BASE_ARRAY: u32 = STRUCTURES + 6;

/// Returns the number of types of structures and arrays. After them come CHAIN structures, each derived from the previous one,
/// and the first from structure 0. The chain is longer than the shortest list of supertypes that engines keep in a
/// type.
pub fn array_end(simd: bool) -> u32 {
    STRUCTURES + ARRAYS.len() as u32 - u32::from(!simd)
}

const CHAIN: u32 = 10;

/// The last type is a structure that adds so many i64 fields that the offsets do not fit into RISC-V's instructions.
const BIG_FIELDS: u32 = 300;

/// Returns the number of all types of objects.
pub fn type_count(simd: bool) -> u32 {
    array_end(simd) + CHAIN + 1
}

fn field(storage: Storage, mutable: bool) -> FieldType {
    FieldType { element_type: storage.encoded(), mutable }
}

/// Adds the types of objects; arrays of vectors only if `simd`.
pub fn declare(types: &mut TypeSection, simd: bool) {
    let composite = |inner| CompositeType { inner, shared: false, descriptor: None, describes: None };
    let mut structure = |own: &[FieldType], is_final: bool, supertype: Option<u32>| {
        let fields: Vec<FieldType> = BASE.iter().map(|ty| field(*ty, true)).chain(own.iter().copied()).collect();
        let supertype_idxs: Vec<u32> = supertype.into_iter().collect();
        let inner = CompositeInnerType::Struct(StructType { fields: fields.into() });
        types.ty().subtype(&SubType { is_final, supertype_idxs, composite_type: composite(inner) });
    };
    structure(&[], false, None);
    structure(&[field(Val(Ty::I32), false)], true, Some(0));
    structure(&[field(Val(Ty::I64), true)], false, Some(0));
    structure(&[field(Val(Ty::I64), true), field(Val(Ty::Any), true)], true, Some(OTHER));
    for number in 0..array_end(simd) - STRUCTURES {
        let (storage, mutable) = ARRAYS[number as usize];
        let array = CompositeInnerType::Array(ArrayType(field(storage, mutable)));
        types.ty().subtype(&SubType { is_final: true, supertype_idxs: vec![], composite_type: composite(array) });
    }
    for number in 0..CHAIN {
        let fields: Vec<FieldType> = BASE.iter().map(|ty| field(*ty, true)).collect();
        let inner = CompositeInnerType::Struct(StructType { fields: fields.into() });
        let supertype = if number == 0 { 0 } else { array_end(simd) + number - 1 };
        types.ty().subtype(&SubType { is_final: number == CHAIN - 1, supertype_idxs: vec![supertype], composite_type: composite(inner) });
    }
    let inner = CompositeInnerType::Struct(StructType { fields: big().into() });
    types.ty().subtype(&SubType { is_final: true, supertype_idxs: vec![0], composite_type: composite(inner) });
}

fn big() -> Vec<FieldType> {
    let more = (0..BIG_FIELDS).map(|_| field(Val(Ty::I64), true));
    BASE.iter().map(|ty| field(*ty, true)).chain(more).collect()
}

/// Returns a function type that is not final.
pub fn open_function(parameters: Vec<ValType>, results: Vec<ValType>) -> SubType {
    let inner = CompositeInnerType::Func(FuncType::new(parameters, results));
    let composite_type = CompositeType { inner, shared: false, descriptor: None, describes: None };
    SubType { is_final: false, supertype_idxs: vec![], composite_type }
}

/// Returns the type of references to objects of type number `ty`, or null.
pub fn reference(ty: u32) -> ValType {
    ValType::Ref(RefType { nullable: true, heap_type: HeapType::Concrete(ty) })
}

impl Maker<'_> {
    /// Writes the instruction with the prefix 0xfb and this opcode. `operands` are its immediates.
    pub fn gc(&mut self, opcode: u32, operands: &[u32]) {
        self.code.push(0xfb);
        unsigned(&mut self.code, u64::from(opcode));
        for operand in operands {
            unsigned(&mut self.code, u64::from(*operand));
        }
    }

    /// Returns the types of the fields that `structure` adds to those of structure 0.
    fn own_fields(structure: u32) -> &'static [Ty] {
        const OWN: [&[Ty]; STRUCTURES as usize] = [&[], &[Ty::I32], &[Ty::I64], &[Ty::I64, Ty::Any]];
        OWN[structure as usize]
    }

    /// Makes a new structure of type `structure` on the stack.
    pub fn new_structure(&mut self, structure: u32, depth: u32) {
        if structure >= STRUCTURES || structure != DERIVED && self.random.chance(15) || depth == 0 && self.random.chance(50) {
            return self.gc(1, &[structure]);
        }
        for storage in BASE {
            if depth == 0 { self.leaf(storage.unpacked()) } else { self.expression(storage.unpacked(), depth - 1) }
        }
        for ty in Self::own_fields(structure) {
            if depth == 0 { self.leaf(*ty) } else { self.expression(*ty, depth - 1) }
        }
        self.gc(0, &[structure]);
    }

    /// Returns the number of a random type of structures.
    pub fn some_structure(&mut self) -> u32 {
        if self.random.chance(80) {
            return self.random.below(u64::from(STRUCTURES)) as u32;
        }
        array_end(self.around.simd) + self.random.below(u64::from(CHAIN)) as u32
    }

    /// Writes a random statement about structures or arrays.
    pub fn object_statement(&mut self) {
        if !self.around.objects {
            return self.assignment();
        }
        match self.random.below(20) {
            0..=4 => self.write_field(),
            5 if self.random.chance(30) => self.big_structure(),
            5..=8 => self.kept_inside(),
            9 => self.follow(),
            10 => self.cast_statement(),
            _ => self.array_statement(),
        }
    }

    /// Writes a block that is left early if the reference in `local` is null.
    pub fn unless_null(&mut self, local: u32, inside: impl FnOnce(&mut Self)) {
        self.code.extend([0x02, 0x40]);
        self.labels.push(true);
        if !self.random.chance(self.raw) {
            index(&mut self.code, 0x20, local);
            if self.random.chance(50) {
                index(&mut self.code, 0xd5, 0);
                self.code.push(0x1a);
            } else {
                self.code.push(0xd1);
                index(&mut self.code, 0x0d, 0);
            }
        }
        inside(self);
        self.labels.pop();
        self.code.push(0x0b);
    }

    fn write_field(&mut self) {
        let Some(structure) = self.local_of(Ty::Base) else { return self.assignment() };
        self.unless_null(structure, |maker| {
            for _ in 0..1 + maker.random.below(3) {
                let which = maker.random.below(BASE.len() as u64) as u32;
                index(&mut maker.code, 0x20, structure);
                maker.expression(BASE[which as usize].unpacked(), 2);
                maker.gc(5, &[0, which]);
            }
        });
    }

    fn follow(&mut self) {
        let Some(structure) = self.local_of(Ty::Base) else { return self.assignment() };
        self.unless_null(structure, |maker| {
            index(&mut maker.code, 0x20, structure);
            maker.gc(2, &[0, 4]);
            index(&mut maker.code, 0x21, structure);
        });
    }

    /// Uses an object that only this function sees, or that escapes from it at the end.
    fn kept_inside(&mut self) {
        let temporary = self.temporary;
        let structure = self.some_structure();
        self.new_structure(structure, 1);
        index(&mut self.code, 0x21, temporary);
        for _ in 0..1 + self.random.below(4) {
            let which = self.random.below(BASE.len() as u64) as u32;
            let ty = BASE[which as usize].unpacked();
            match self.random.below(8) {
                0..=3 => {
                    let Some(local) = self.local_of(ty) else { continue };
                    index(&mut self.code, 0x20, temporary);
                    let get = if ty == BASE[which as usize].unpacked() && matches!(BASE[which as usize], Val(_)) { 2 } else { 3 + self.random.below(2) as u32 };
                    self.gc(get, &[0, which]);
                    index(&mut self.code, 0x21, local);
                }
                4 | 5 => {
                    index(&mut self.code, 0x20, temporary);
                    self.expression(ty, 1);
                    self.gc(5, &[0, which]);
                }
                6 => {
                    // A test whose result the compiler can know: whether the object is null, or has a type.
                    let Some(local) = self.local_of(Ty::I32) else { continue };
                    index(&mut self.code, 0x20, temporary);
                    if self.random.chance(50) {
                        self.code.push(0xd1);
                    } else {
                        self.code.push(0xfb);
                        let test = 0x14 + self.random.below(2);
                        unsigned(&mut self.code, test);
                        let ty = self.some_structure();
                        signed(&mut self.code, i64::from(ty));
                    }
                    index(&mut self.code, 0x21, local);
                }
                _ => {
                    // A write under a condition.
                    self.condition(1);
                    self.code.extend([0x04, 0x40]);
                    index(&mut self.code, 0x20, temporary);
                    self.expression(ty, 1);
                    self.gc(5, &[0, which]);
                    self.code.push(0x0b);
                }
            }
        }
        if self.random.chance(20) {
            if let Some(local) = self.local_of(Ty::Base) {
                index(&mut self.code, 0x20, temporary);
                index(&mut self.code, 0x21, local);
            }
        }
    }

    fn big_structure(&mut self) {
        let (temporary, big) = (self.temporary, self.around.object_types() - 1);
        self.gc(1, &[big]);
        index(&mut self.code, 0x21, temporary);
        for _ in 0..2 + self.random.below(4) {
            let first = BASE.len() as u32;
            let which = first + *self.random.pick(&[0, 1, 100, 230, 240, 250, BIG_FIELDS - 1]);
            index(&mut self.code, 0x20, temporary);
            self.gc(0x16, &[]);
            signed(&mut self.code, i64::from(big));
            if self.random.chance(50) {
                self.expression(Ty::I64, 1);
                self.gc(5, &[big, which]);
            } else {
                self.gc(2, &[big, which]);
                self.into_local(Ty::I64);
            }
        }
        if let (true, Some(local)) = (self.random.chance(50), self.local_of(Ty::Base)) {
            index(&mut self.code, 0x20, temporary);
            index(&mut self.code, 0x21, local);
        }
    }

    /// Puts a field of a structure on the stack, or another value if the structure is null.
    pub fn field(&mut self, ty: Ty) {
        let candidates: Vec<u32> = (0..BASE.len() as u32).filter(|i| BASE[*i as usize].unpacked() == ty).collect();
        if candidates.is_empty() {
            return self.leaf(ty);
        }
        let which = *self.random.pick(&candidates);
        let get = if matches!(BASE[which as usize], Val(_)) { 2 } else { 3 + self.random.below(2) as u32 };
        if self.random.chance(50) {
            let Some(structure) = self.local_of(Ty::Base) else { return self.leaf(ty) };
            index(&mut self.code, 0x20, structure);
            self.code.extend([0xd1, 0x04]);
            self.code.extend(ty.bytes());
            self.leaf(ty);
            self.code.push(0x05);
            index(&mut self.code, 0x20, structure);
            self.gc(get, &[0, which]);
            self.code.push(0x0b);
        } else {
            self.code.push(0x02);
            self.code.extend(ty.bytes());
            self.code.extend([0x02, 0x40]);
            self.labels.extend([false, false]);
            self.expression(Ty::Base, 1);
            index(&mut self.code, 0xd5, 0);
            self.gc(get, &[0, which]);
            index(&mut self.code, 0x0c, 1);
            self.labels.truncate(self.labels.len() - 2);
            self.code.push(0x0b);
            self.leaf(ty);
            self.code.push(0x0b);
        }
    }

    /// Puts a subtype's own field on the stack, after a test of the type and a cast.
    pub fn own_field(&mut self) {
        let Some(structure) = self.local_of(Ty::Base) else { return self.leaf(Ty::I32) };
        index(&mut self.code, 0x20, structure);
        self.gc(0x14, &[]);
        signed(&mut self.code, i64::from(DERIVED));
        self.code.extend([0x04, 0x7f]);
        index(&mut self.code, 0x20, structure);
        let null = u32::from(self.random.chance(30));
        self.gc(0x16 + null, &[]);
        signed(&mut self.code, i64::from(DERIVED));
        self.gc(2, &[DERIVED, BASE.len() as u32]);
        self.code.push(0x05);
        self.leaf(Ty::I32);
        self.code.push(0x0b);
    }
}
