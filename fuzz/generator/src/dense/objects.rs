//! Managed objects in dense functions: structures with a subtype, arrays of words and of bytes; made, kept in locals and in a
//! global, read, written, compared, tested and cast.

use wasm_encoder::{
    ArrayType, CompositeInnerType, CompositeType, FieldType, HeapType, RefType, StorageType, StructType, SubType, TypeSection,
    ValType,
};

use super::Maker;
use crate::code::{i32_const, index, signed, unsigned};
use crate::operators::Ty;

/// Fields of the structure: its subtype has one more.
const FIELDS: [(Ty, bool); 5] = [(Ty::I32, false), (Ty::I64, false), (Ty::I32, true), (Ty::F64, false), (Ty::I32, false)];
const BASE_FIELDS: usize = 4; // then a reference

fn field(ty: Ty, packed: bool) -> FieldType {
    let element_type = match ty {
        _ if packed => StorageType::I8,
        Ty::I32 => StorageType::Val(ValType::I32),
        Ty::I64 => StorageType::Val(ValType::I64),
        _ => StorageType::Val(ValType::F64),
    };
    FieldType { element_type, mutable: true }
}

pub fn reference(ty: u32) -> ValType {
    ValType::Ref(RefType { nullable: true, heap_type: HeapType::Concrete(ty) })
}

/// Four types from number `first` on: the structure, its subtype, words, bytes.
pub fn declare(types: &mut TypeSection, first: u32) {
    let composite = |inner| CompositeType { inner, shared: false, descriptor: None, describes: None };
    let mut fields: Vec<FieldType> = FIELDS[..BASE_FIELDS].iter().map(|(ty, packed)| field(*ty, *packed)).collect();
    fields.push(FieldType { element_type: StorageType::Val(reference(first)), mutable: true });
    let base = CompositeInnerType::Struct(StructType { fields: fields.clone().into() });
    fields.push(field(FIELDS[4].0, FIELDS[4].1));
    let derived = CompositeInnerType::Struct(StructType { fields: fields.into() });
    types.ty().subtype(&SubType { is_final: false, supertype_idxs: vec![], composite_type: composite(base) });
    types.ty().subtype(&SubType { is_final: true, supertype_idxs: vec![first], composite_type: composite(derived) });
    for (ty, packed) in [(Ty::I32, false), (Ty::I32, true)] {
        let array = CompositeInnerType::Array(ArrayType(field(ty, packed)));
        types.ty().subtype(&SubType { is_final: true, supertype_idxs: vec![], composite_type: composite(array) });
    }
}

/// Locals for references that a function has, from `first` on: two structures, one of each array.
#[derive(Clone, Copy)]
pub struct Objects {
    pub types: u32,
    pub locals: u32,
    pub global: u32,
}

pub fn locals(types: u32) -> [ValType; 4] {
    [reference(types), reference(types), reference(types + 2), reference(types + 3)]
}

impl Maker<'_> {
    fn gc(&mut self, opcode: u32, operands: &[u32]) {
        self.code.push(0xfb);
        unsigned(&mut self.code, u64::from(opcode));
        for operand in operands {
            unsigned(&mut self.code, u64::from(*operand));
        }
    }

    fn get(&mut self, local: u32) {
        index(&mut self.code, 0x20, local);
    }

    /// A structure, on the stack.
    fn new_structure(&mut self, objects: Objects) {
        let derived = self.random.chance(50);
        for (ty, _) in &FIELDS[..BASE_FIELDS] {
            self.expression(*ty, 2);
        }
        let other = objects.locals + self.random.below(2) as u32;
        self.get(other);
        if derived {
            self.expression(FIELDS[4].0, 1);
        }
        self.gc(0, &[objects.types + u32::from(derived)]);
    }

    pub fn object_statement(&mut self) {
        let Some(objects) = self.objects else { return };
        let structure = objects.locals + self.random.below(2) as u32;
        let array = self.random.below(2) as u32;
        let (array_local, array_type) = (objects.locals + 2 + array, objects.types + 2 + array);
        match self.random.below(10) {
            0 | 1 => {
                self.new_structure(objects);
                index(&mut self.code, 0x21, structure);
            }
            2 => {
                self.expression(Ty::I32, 2);
                self.expression(Ty::I32, 1);
                i32_const(&mut self.code, 15);
                self.code.push(0x71);
                self.gc(6, &[array_type]);
                index(&mut self.code, 0x21, array_local);
            }
            3 => {
                // To and from the global, from one local to the other.
                self.get(structure);
                index(&mut self.code, 0x24, objects.global);
                index(&mut self.code, 0x23, objects.global);
                let other = objects.locals + self.random.below(2) as u32;
                index(&mut self.code, 0x21, other);
            }
            4..=6 => {
                // Writes a field where the reference is not null.
                self.unless_null(structure);
                let which = self.random.below(BASE_FIELDS as u64 + 1) as u32;
                self.get(structure);
                if which as usize == BASE_FIELDS {
                    let other = objects.locals + self.random.below(2) as u32;
                    self.get(other);
                } else {
                    self.expression(FIELDS[which as usize].0, 2);
                }
                self.gc(5, &[objects.types, which]);
                self.end_unless_null();
            }
            7 | 8 => {
                // Writes an element inside of the bounds.
                self.unless_null(array_local);
                self.get(array_local);
                self.element_index(array_local);
                self.expression(Ty::I32, 2);
                self.gc(14, &[array_type]);
                self.end_unless_null();
            }
            _ => {
                // Follows the reference in the structure.
                self.unless_null(structure);
                self.get(structure);
                self.gc(2, &[objects.types, BASE_FIELDS as u32]);
                index(&mut self.code, 0x21, structure);
                self.end_unless_null();
            }
        }
    }

    fn unless_null(&mut self, local: u32) {
        self.code.extend([0x02, 0x40]);
        self.labels.push(true);
        if !self.random.chance(self.around.raw) {
            self.get(local);
            self.code.push(0xd1);
            index(&mut self.code, 0x0d, 0);
        }
    }

    fn end_unless_null(&mut self) {
        self.labels.pop();
        self.code.push(0x0b);
    }

    /// An index below the length; what has length 0 traps, seldom.
    fn element_index(&mut self, local: u32) {
        self.expression(Ty::I32, 1);
        self.get(local);
        self.gc(15, &[]);
        i32_const(&mut self.code, 1);
        self.code.push(0x72); // of an odd number at least 1: even lengths may be exceeded by none
        self.code.push(0x70);
        self.get(local);
        self.gc(15, &[]);
        i32_const(&mut self.code, 1);
        self.code.push(0x6b);
        self.code.push(0x71);
    }

    /// A number out of an object.
    pub fn object_expression(&mut self, ty: Ty) {
        let Some(objects) = self.objects else { return self.leaf(ty) };
        let structure = objects.locals + self.random.below(2) as u32;
        let array = self.random.below(2) as u32;
        let (array_local, array_type) = (objects.locals + 2 + array, objects.types + 2 + array);
        let form = self.random.below(if ty == Ty::I32 { 6 } else { 1 });
        match (ty, form) {
            (Ty::I32, 1) => {
                // ref.test, of the subtype
                self.get(structure);
                self.code.push(0xfb);
                unsigned(&mut self.code, 0x14 + self.random.below(2));
                signed(&mut self.code, i64::from(objects.types + 1));
            }
            (Ty::I32, 2) => {
                self.get(objects.locals);
                self.get(objects.locals + 1);
                self.code.push(0xd3);
            }
            (Ty::I32, 3) => {
                // The subtype's own field, after a cast where the test held.
                self.get(structure);
                self.gc(0x14, &[]);
                signed(&mut self.code, i64::from(objects.types + 1));
                self.code.extend([0x04, 0x7f]);
                self.get(structure);
                self.gc(0x16, &[]);
                signed(&mut self.code, i64::from(objects.types + 1));
                self.gc(2, &[objects.types + 1, BASE_FIELDS as u32 + 1]);
                self.code.push(0x05);
                self.leaf(Ty::I32);
                self.code.push(0x0b);
            }
            (Ty::I32, 4 | 5) => {
                self.get(array_local);
                self.code.push(0xd1);
                self.code.extend([0x04, 0x7f]);
                self.leaf(Ty::I32);
                self.code.push(0x05);
                self.get(array_local);
                if form == 4 {
                    self.gc(15, &[]);
                } else {
                    self.labels.push(false);
                    self.element_index(array_local);
                    self.labels.pop();
                    let get = if array == 0 { 11 } else { 12 + self.random.below(2) as u32 };
                    self.gc(get, &[array_type]);
                }
                self.code.push(0x0b);
            }
            (Ty::I32 | Ty::I64 | Ty::F64, _) => {
                let candidates: Vec<u32> = (0..BASE_FIELDS as u32).filter(|i| FIELDS[*i as usize].0 == ty).collect();
                let which = *self.random.pick(&candidates);
                self.get(structure);
                self.code.push(0xd1);
                self.code.extend([0x04, ty.byte()]);
                self.leaf(ty);
                self.code.push(0x05);
                self.get(structure);
                let get = if FIELDS[which as usize].1 { 3 + self.random.below(2) as u32 } else { 2 };
                self.gc(get, &[objects.types, which]);
                self.code.push(0x0b);
            }
            _ => self.leaf(ty),
        }
    }
}
