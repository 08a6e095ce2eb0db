//! Parts that make functions large: many live values, or many blocks; and changes of memory in place.

use super::Maker;
use crate::code::{constant, i32_const, index};
use crate::operators::Ty;

impl Maker<'_> {
    /// Writes many values that are live at once, many more than there are registers, so that the frame is larger than a page.
    pub fn crowd(&mut self) {
        let ty = if self.around.simd { Ty::V128 } else { Ty::I64 };
        let blocks = self.random.chance(40);
        let count = if blocks { 160 } else { *self.random.pick(&[40, 300, 560, 1500]) };
        let memory = self.memory();
        let is_64 = self.around.memories[memory as usize].is_64;
        let load = |maker: &mut Self, place: i64| {
            maker.number_of(is_64, place);
            if ty == Ty::V128 { maker.code.extend([0xfd, 0]) } else { maker.code.push(0x29) }
            maker.memory_argument(memory, 0, 0);
        };
        // Objects lie below and above the values on the stack, and collections must find them.
        let objects = if blocks && self.around.objects { 12 } else { 0 };
        self.push_objects(objects);
        for number in 0..count {
            load(self, number * 8);
        }
        self.push_objects(objects);
        // This store must not come before the loads.
        self.number_of(is_64, 8);
        self.expression(Ty::I64, 1);
        self.code.push(0x37);
        self.memory_argument(memory, 0, 0);
        if blocks {
            // The values are live through so many blocks that the compiler does not compute their live ranges exactly.
            self.many_blocks(1200);
        }
        self.read_objects(objects);
        for number in 1..count {
            match (ty, number % 3) {
                (Ty::V128, 0) => self.code.extend([0xfd, 0xce, 1]),
                (Ty::V128, _) => self.code.extend([0xfd, 0x51]),
                (_, 0) => self.code.push(0x7c),
                _ => self.code.push(0x85),
            }
        }
        self.into_local(ty);
        self.read_objects(objects);
    }

    /// Pushes structures, which the compiler may optimize away, and arrays, which it does not.
    fn push_objects(&mut self, count: usize) {
        for number in 0..count {
            if number % 3 == 0 {
                let structure = self.some_structure();
                self.new_structure(structure, 0);
            } else {
                let (_, kind) = self.arrays[number % self.arrays.len()];
                self.new_array(kind, 0);
            }
        }
    }

    /// Reads something from each of the `count` references on top of the stack, which push_objects pushed.
    fn read_objects(&mut self, count: usize) {
        for number in (0..count).rev() {
            let ty = if number % 3 == 0 {
                let (field, ty) = *self.random.pick(&[(0, Ty::I32), (1, Ty::I64), (4, Ty::Base)]);
                self.gc(2, &[0, field]);
                ty
            } else {
                self.gc(15, &[]);
                Ty::I32
            };
            self.into_local(ty);
        }
    }

    /// Writes `count` blocks.
    pub fn many_blocks(&mut self, count: i32) {
        let Some(local) = self.local_of(Ty::I32) else { return };
        let is_64 = self.around.memories[0].is_64;
        let called = self.random.below(u64::from(count as u32)) as i32;
        for number in 0..count {
            index(&mut self.code, 0x20, local);
            i32_const(&mut self.code, number & 7);
            self.code.extend([0x71, 0x04, 0x40]);
            index(&mut self.code, 0x20, local);
            i32_const(&mut self.code, number);
            self.code.push(if number % 2 == 0 { 0x6a } else { 0x73 });
            index(&mut self.code, 0x21, local);
            // A store, so that the block cannot become a select.
            self.number_of(is_64, i64::from(number & 1023));
            index(&mut self.code, 0x20, local);
            self.code.push(0x3a);
            self.memory_argument(0, 0, 0);
            if number % 400 == called % 400 {
                self.labels.push(true);
                if self.around.objects { self.object_statement() } else { self.call() }
                self.labels.pop();
            }
            self.code.push(0x0b);
        }
    }

    /// Loads a number, changes it, and stores it to the same address.
    pub fn change_in_place(&mut self) {
        let memory = self.memory();
        let offset = self.address(memory, 1, 0);
        let is_64 = self.around.memories[memory as usize].is_64;
        let ty = if is_64 { Ty::I64 } else { Ty::I32 };
        let Some(local) = self.local_of(ty) else { return self.code.push(0x1a) };
        index(&mut self.code, 0x21, local);
        let (load, store, value) = *self.random.pick(&[
            (0x28, 0x36, Ty::I32), (0x29, 0x37, Ty::I64), (0x2d, 0x3a, Ty::I32), (0x2f, 0x3b, Ty::I32), (0x35, 0x3e, Ty::I64), (0x2c, 0x3a, Ty::I32),
        ]);
        index(&mut self.code, 0x20, local);
        index(&mut self.code, 0x20, local);
        self.code.push(load);
        self.memory_argument(memory, 0, offset);
        if self.random.chance(50) { constant(&mut self.code, value, self.random) } else { self.leaf(value) }
        let join = *self.random.pick(&[0x6a, 0x6b, 0x71, 0x72, 0x73, 0x74]); // add sub and or xor shl
        self.op(value, join);
        self.code.push(store);
        self.memory_argument(memory, 0, offset);
    }
}
