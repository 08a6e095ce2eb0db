//! Makes and uses arrays with all types of elements. Most new arrays have at least eight elements, so that indices
//! below eight are inside, and so are ranges of at most three elements that begin at an index of at most four.

use super::Maker;
use super::objects::{ARRAYS, STRUCTURES, Storage};
use crate::code::{i32_const, index};
use crate::operators::Ty;

impl Maker<'_> {
    /// Returns a random local for arrays, and the number of its type.
    fn some_array(&mut self) -> (u32, u32) {
        *self.random.pick(&self.arrays.clone())
    }

    /// Returns the type of the elements of arrays of type number `kind`, and whether they are mutable.
    fn element(kind: u32) -> (Storage, bool) {
        ARRAYS[(kind - STRUCTURES) as usize]
    }

    /// Makes a new array of type `kind` on the stack.
    pub fn new_array(&mut self, kind: u32, depth: u32) {
        let ty = Self::element(kind).0.unpacked();
        let numeric = !ty.is_reference();
        let small = self.random.chance(self.raw);
        match self.random.below(if numeric || ty == Ty::Base { 6 } else { 4 }) {
            0 | 1 => {
                if depth == 0 { self.leaf(ty) } else { self.expression(ty, depth - 1) }
                self.array_length(small, depth);
                self.gc(6, &[kind]);
            }
            2 => {
                self.array_length(small, depth);
                self.gc(7, &[kind]);
            }
            3 => {
                let count = if small { self.random.below(4) as u32 } else { 8 + self.random.below(4) as u32 };
                for _ in 0..count {
                    self.leaf(ty);
                }
                self.gc(8, &[kind, count]);
            }
            _ => {
                let start = self.random.below(4) as i32;
                i32_const(&mut self.code, start);
                if numeric {
                    // The segment has enough bytes for eight of the largest elements.
                    i32_const(&mut self.code, 8);
                    let segment = self.around.passive_data() + 1;
                    self.gc(9, &[kind, segment]);
                } else {
                    i32_const(&mut self.code, 8);
                    self.gc(10, &[kind, self.around.object_segment()]);
                }
            }
        }
    }

    /// Puts a length on the stack: at most 5 if `small`, otherwise at least 8.
    fn array_length(&mut self, small: bool, depth: u32) {
        if small {
            let length = self.random.below(6) as i32;
            i32_const(&mut self.code, length);
        } else if depth == 0 || self.random.chance(60) {
            let length = *self.random.pick(&[8, 8, 9, 10, 16, 31, 64, 100, 300, 1000]);
            i32_const(&mut self.code, length);
        } else {
            self.expression(Ty::I32, 1);
            i32_const(&mut self.code, 31);
            self.code.push(0x71);
            i32_const(&mut self.code, 8);
            self.code.push(0x6a);
        }
    }

    /// Puts an i32 from 0 to `mask` on the stack; now and then any i32 in functions that may trap.
    fn masked(&mut self, mask: i32) {
        if self.random.chance(self.raw) {
            return self.expression(Ty::I32, 1);
        }
        if self.random.chance(40) {
            let value = self.random.below(mask as u64 + 1) as i32;
            return i32_const(&mut self.code, value);
        }
        self.expression(Ty::I32, 1);
        i32_const(&mut self.code, mask);
        self.code.push(0x71);
    }

    /// Puts the array of a local on the stack. It is null only in functions that may trap.
    fn array(&mut self, local: u32) {
        index(&mut self.code, 0x20, local);
        if self.random.chance(10) {
            self.code.push(0xd4);
        }
    }

    /// Stores new arrays to the function's locals for arrays.
    pub fn make_arrays(&mut self) {
        for (local, kind) in self.arrays.clone() {
            if self.random.chance(100 - self.raw) {
                self.new_array(kind, 1);
                index(&mut self.code, 0x21, local);
            }
        }
    }

    /// Writes to a random array, or replaces it by a new one.
    pub fn array_statement(&mut self) {
        let (local, kind) = self.some_array();
        let (storage, mutable) = Self::element(kind);
        let ty = storage.unpacked();
        let choice = self.random.below(12);
        if !mutable || choice < 2 {
            self.new_array(kind, 2);
            return index(&mut self.code, 0x21, local);
        }
        match choice {
            2..=4 => {
                self.array(local);
                self.masked(7);
                self.expression(ty, 2);
                self.gc(14, &[kind]);
            }
            5 | 6 => {
                self.array(local);
                self.masked(4);
                self.expression(ty, 1);
                self.masked(3);
                self.gc(16, &[kind]);
            }
            7..=9 => {
                // Copies from the array itself, where ranges may overlap, or from another array of the type.
                let others: Vec<u32> = self.arrays.iter().filter(|(_, k)| *k == kind).map(|(l, _)| *l).collect();
                let from = *self.random.pick(&others);
                self.array(local);
                self.masked(4);
                self.array(from);
                self.masked(4);
                self.masked(3);
                self.gc(17, &[kind, kind]);
            }
            _ => {
                self.array(local);
                self.masked(4);
                self.masked(3);
                self.masked(3);
                if !ty.is_reference() {
                    let segment = self.around.passive_data() + 1;
                    self.gc(18, &[kind, segment]);
                } else if ty == Ty::Base {
                    self.gc(19, &[kind, self.around.object_segment()]);
                } else {
                    self.code.extend([0x1a, 0x1a, 0x1a, 0x1a]);
                }
            }
        }
    }

    /// Puts an element of one of the function's arrays on the stack, or an array's length.
    pub fn from_array(&mut self, ty: Ty) {
        let all: Vec<(u32, u32)> = self.arrays.iter().copied().filter(|(_, kind)| Self::element(*kind).0.unpacked() == ty).collect();
        if ty == Ty::I32 && (all.is_empty() || self.random.chance(25)) {
            let (local, _) = self.some_array();
            self.array(local);
            return self.gc(15, &[]);
        }
        if all.is_empty() {
            return self.leaf(ty);
        }
        let (local, kind) = *self.random.pick(&all);
        self.array(local);
        self.masked(7);
        let get = if matches!(Self::element(kind).0, Storage::Val(_)) { 11 } else { 12 + self.random.below(2) as u32 };
        self.gc(get, &[kind]);
    }
}
