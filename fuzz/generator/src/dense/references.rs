//! Expressions that give references: new and existing structures, i31 numbers, casts that branch, and conversions to
//! extern and back; and expressions that read numbers from objects.

use super::Maker;
use super::objects::{DERIVED, STRUCTURES, array_end};
use crate::code::{index, signed, unsigned};
use crate::operators::Ty;

// Heap types: the signed value of the byte in the binary format, such as 0x6e for any.
const ANY: i64 = -0x12;
const EQ: i64 = -0x13;
const I31: i64 = -0x14;
const STRUCT: i64 = -0x15;
const ARRAY: i64 = -0x16;
const NONE: i64 = -0x0f;

impl Maker<'_> {
    fn heap_type(&mut self, ty: i64) {
        signed(&mut self.code, ty);
    }

    /// Writes `br_on_cast` (0x18) or `br_on_cast_fail` (0x19) to label 0, for a reference of type (ref null any).
    /// `null` says whether the cast accepts null.
    fn branch_on_cast(&mut self, opcode: u8, null: bool, to: i64) {
        self.code.extend([0xfb, opcode, 1 | u8::from(null) << 1, 0]);
        self.heap_type(ANY);
        self.heap_type(to);
    }

    /// Opens a block of this type, to which statements do not branch.
    fn open(&mut self, ty: &[u8]) {
        self.code.push(0x02);
        self.code.extend(ty);
        self.labels.push(false);
    }

    fn close(&mut self) {
        self.labels.pop();
        self.code.push(0x0b);
    }

    /// Puts a reference of type `ty` on the stack. As for `expression`, `depth` bounds how deep operands are nested.
    pub fn reference(&mut self, ty: Ty, depth: u32) {
        let depth = depth.min(2);
        let inner = depth.saturating_sub(1);
        if ty == Ty::Any {
            return self.any_reference(depth);
        }
        match self.random.below(12) {
            0..=2 => {
                let structure = self.some_structure();
                self.new_structure(structure, inner);
            }
            3 => self.field(ty),
            4 => self.from_array(ty),
            5 => {
                // block (result base) any; br_on_cast 0 any base; drop; other; end
                self.open(ty.bytes());
                self.expression(Ty::Any, inner);
                self.branch_on_cast(0x18, true, 0);
                self.code.push(0x1a);
                self.leaf(ty);
                self.close();
            }
            6 => {
                let null = self.random.chance(50);
                self.open(ty.bytes());
                self.open(Ty::Any.bytes());
                self.expression(Ty::Any, inner);
                self.branch_on_cast(0x19, null, 0);
                index(&mut self.code, 0x0c, 1);
                self.close();
                self.code.push(0x1a);
                self.leaf(ty);
                self.close();
            }
            7 => {
                // A cast after a test of the same type.
                let Some(any) = self.local_of(Ty::Any) else { return self.leaf(ty) };
                let null = self.random.below(2) as u8;
                let to = i64::from(self.some_structure());
                index(&mut self.code, 0x20, any);
                self.code.extend([0xfb, 0x14 + null]);
                self.heap_type(to);
                self.code.push(0x04);
                self.code.extend(ty.bytes());
                index(&mut self.code, 0x20, any);
                let cast = 0x16 + if self.random.chance(70) { null } else { 1 };
                self.code.extend([0xfb, cast]);
                self.heap_type(to);
                self.code.push(0x05);
                self.leaf(ty);
                self.code.push(0x0b);
            }
            8 => {
                // block (result (ref base)) base; br_on_non_null 0; new; end
                self.open(&[0x64, 0]);
                self.expression(ty, inner);
                index(&mut self.code, 0xd6, 0);
                self.new_structure(0, 0);
                self.close();
            }
            9 => {
                self.new_structure(DERIVED, inner);
                self.code.push(0xd4);
                self.gc(0x16, &[]);
                let to = *self.random.pick(&[STRUCT, 0, i64::from(DERIVED)]);
                self.heap_type(to);
                if to == STRUCT {
                    self.gc(0x17, &[0]);
                }
            }
            10 => self.table_reference(),
            _ => self.leaf(ty),
        }
    }

    fn any_reference(&mut self, depth: u32) {
        let inner = depth.saturating_sub(1);
        match self.random.below(12) {
            0..=2 => self.reference(Ty::Base, depth),
            3 | 4 => {
                self.expression(Ty::I32, inner);
                self.code.extend([0xfb, 0x1c]);
            }
            5 => {
                let (local, _) = *self.random.pick(&self.arrays.clone());
                index(&mut self.code, 0x20, local);
            }
            6 => {
                self.expression(Ty::Any, inner);
                self.code.extend([0xfb, 0x1b, 0xfb, 0x1a]);
            }
            7 => {
                self.code.push(0xd0);
                self.heap_type(NONE);
            }
            8 => {
                let arrays = u64::from(array_end(self.around.simd) - STRUCTURES);
                let number = STRUCTURES + self.random.below(arrays) as u32;
                self.new_array(number, 0);
            }
            9 => self.field(Ty::Any),
            10 => self.from_array(Ty::Any),
            _ => self.leaf(Ty::Any),
        }
    }

    /// Puts a value on the stack that is read from an object.
    pub fn object_expression(&mut self, ty: Ty, depth: u32) {
        if ty.is_reference() {
            return self.reference(ty, depth);
        }
        match (ty, self.random.below(12)) {
            (Ty::I32, 0 | 1) => {
                let of = *self.random.pick(&[Ty::Base, Ty::Any]);
                self.expression(of, 1);
                let test = 0x14 + self.random.below(2);
                self.code.push(0xfb);
                unsigned(&mut self.code, test);
                // A test of a structure for an i31 or an array is not valid, so only types of structures are tested.
                let to = i64::from(self.some_structure());
                self.heap_type(to);
            }
            (Ty::I32, 2) => {
                self.expression(Ty::Any, 1);
                let test = 0x14 + self.random.below(2);
                self.code.push(0xfb);
                unsigned(&mut self.code, test);
                let types = i64::from(self.around.object_types());
                let concrete = self.random.below(types as u64) as i64;
                let to = *self.random.pick(&[EQ, I31, STRUCT, ARRAY, NONE, ANY, concrete, concrete, concrete]);
                self.heap_type(to);
            }
            (Ty::I32, 3) => {
                self.expression(Ty::Base, 1);
                self.expression(Ty::Base, 1);
                self.code.push(0xd3);
            }
            (Ty::I32, 4) => self.own_field(),
            (Ty::I32, 5) => {
                let of = *self.random.pick(&[Ty::Base, Ty::Any]);
                self.expression(of, 1);
                self.code.push(0xd1);
            }
            (Ty::I32, 6) => self.small_number(),
            (_, 7..) => self.from_array(ty),
            _ => self.field(ty),
        }
    }

    /// Puts on the stack the number of a reference that may be an i31, or the length of one that may be an array.
    fn small_number(&mut self) {
        let number = self.random.chance(70);
        self.open(&[0x7f]);
        self.open(Ty::Any.bytes());
        if self.random.chance(40) {
            self.expression(Ty::I32, 1);
            self.code.extend([0xfb, 0x1c]);
        } else {
            self.expression(Ty::Any, 1);
        }
        if number {
            self.branch_on_cast(0x19, false, I31);
            let get = 0x1d + self.random.below(2) as u8;
            self.code.extend([0xfb, get]);
        } else {
            self.branch_on_cast(0x19, false, ARRAY);
            self.code.extend([0xfb, 15]);
        }
        index(&mut self.code, 0x0c, 1);
        self.close();
        self.code.push(0x1a);
        self.leaf(Ty::I32);
        self.close();
    }

    /// Writes a chain of casts of one reference, like a `switch` over types.
    pub fn cast_statement(&mut self) {
        let (Some(any), Some(result)) = (self.local_of(Ty::Any), self.local_of(Ty::I32)) else { return self.assignment() };
        if self.random.chance(50) {
            self.expression(Ty::Any, 2);
            index(&mut self.code, 0x21, any);
        }
        self.open(&[0x40]);
        for _ in 0..1 + self.random.below(3) {
            let types = self.around.object_types() as u64;
            let concrete = self.random.below(types) as i64;
            let to = *self.random.pick(&[concrete, concrete, concrete, I31, STRUCT, ARRAY, EQ]);
            self.open(Ty::Any.bytes());
            index(&mut self.code, 0x20, any);
            self.branch_on_cast(0x19, false, to);
            self.code.push(0x1a);
            self.expression(Ty::I32, 1);
            index(&mut self.code, 0x21, result);
            if self.random.chance(60) {
                index(&mut self.code, 0x0c, 1);
                self.close();
            } else {
                index(&mut self.code, 0x20, any);
                self.close();
            }
            self.code.push(0x1a);
        }
        self.close();
    }
}
