//! Statements about ranges of memories: copies that overlap in either direction, fills, segments, growth between
//! accesses, and accesses at addresses near 2^32 and beyond.

use super::Maker;
use crate::code::{i32_const, i64_const, index, unsigned};
use crate::operators::{Care, Ty};

impl Maker<'_> {
    /// Puts a constant i64 on the stack if `is_64`, otherwise an i32.
    pub fn number_of(&mut self, is_64: bool, value: i64) {
        if is_64 { i64_const(&mut self.code, value) } else { i32_const(&mut self.code, value as i32) }
    }

    /// Returns the type of the memory's addresses.
    pub fn address_type(&self, memory: u32) -> Ty {
        if self.around.memories[memory as usize].is_64 { Ty::I64 } else { Ty::I32 }
    }

    /// Puts a number of bytes on the stack, at most 255.
    fn length(&mut self, is_64: bool) {
        let most = *self.random.pick(&[1i64, 3, 7, 15, 31, 63, 255]);
        if self.random.chance(40) {
            let length = if self.random.chance(50) { most } else { *self.random.pick(&[0, 1, 2, 4, 8, 12, 16, 24, 32, 33, 64, 100]) };
            self.number_of(is_64, length);
        } else {
            self.expression(if is_64 { Ty::I64 } else { Ty::I32 }, 1);
            self.number_of(is_64, most);
            self.code.push(if is_64 { 0x83 } else { 0x71 });
        }
    }

    /// Writes a random statement about a range of a memory.
    pub fn bulk(&mut self) {
        let to = self.memory();
        let from = self.memory();
        let (to_64, from_64) = (self.around.memories[to as usize].is_64, self.around.memories[from as usize].is_64);
        match self.random.below(10) {
            0..=2 => {
                self.address(to, 1, 0);
                self.address(from, 1, 0);
                self.length(to_64 && from_64);
                self.code.extend([0xfc, 0x0a]);
                unsigned(&mut self.code, u64::from(to));
                unsigned(&mut self.code, u64::from(from));
            }
            3 | 4 => {
                // A copy by a few bytes up or down inside of one memory.
                let start = self.code.len();
                self.address(to, 1, 0);
                let address = self.code[start..].to_vec();
                let first = self.code.len();
                let beside = *self.random.pick(&[0i64, 1, 2, 3, 4, 7, 8, 16, 20]);
                self.number_of(to_64, beside);
                self.code.push(if to_64 { 0x7c } else { 0x6a });
                let beside = self.code.split_off(first);
                if self.random.chance(50) {
                    self.code.extend(&beside);
                    self.code.extend(&address);
                } else {
                    self.code.extend(&address);
                    self.code.extend(&beside);
                }
                self.length(to_64);
                self.code.extend([0xfc, 0x0a]);
                unsigned(&mut self.code, u64::from(to));
                unsigned(&mut self.code, u64::from(to));
            }
            5 | 6 => {
                self.address(to, 1, 0);
                self.expression(Ty::I32, 1);
                self.length(to_64);
                self.code.extend([0xfc, 0x0b]);
                unsigned(&mut self.code, u64::from(to));
            }
            7 => {
                self.grow_and_access(to);
            }
            _ => {
                self.address(to, 1, 0);
                let (start, size) = (self.random.below(20) as i32, self.random.below(13) as i32);
                i32_const(&mut self.code, start);
                i32_const(&mut self.code, size);
                self.code.extend([0xfc, 0x08]);
                let segment = self.around.passive_data();
                unsigned(&mut self.code, u64::from(segment));
                unsigned(&mut self.code, u64::from(to));
                if self.random.chance(25) {
                    // The segment that may have been dropped, of which then only 0 bytes can be taken.
                    if self.random.chance(70) {
                        self.code.extend([0xfc, 0x09]);
                        unsigned(&mut self.code, u64::from(segment) + 2);
                    }
                    self.address(to, 1, 0);
                    i32_const(&mut self.code, 0);
                    let size = i32::from(self.random.chance(self.raw));
                    i32_const(&mut self.code, size);
                    self.code.extend([0xfc, 0x08]);
                    unsigned(&mut self.code, u64::from(segment) + 2);
                    unsigned(&mut self.code, u64::from(to));
                }
            }
        }
    }

    /// Grows a memory and then accesses bytes at its old end.
    fn grow_and_access(&mut self, memory: u32) {
        let (is_64, bytes) = (self.around.memories[memory as usize].is_64, self.around.memories[memory as usize].bytes);
        let ty = self.address_type(memory);
        let (Some(grown), Some(local)) = (self.local_of(ty), self.local_of(Ty::I32)) else { return };
        let delta = *self.random.pick(&[0, 1, 1, 1, 1, 2, 100, -1]);
        self.number_of(is_64, delta);
        index(&mut self.code, 0x40, memory);
        index(&mut self.code, 0x21, grown);
        // The accesses are made only if the memory has grown.
        index(&mut self.code, 0x20, grown);
        self.number_of(is_64, -1);
        self.code.push(if is_64 { 0x52 } else { 0x47 });
        self.code.extend([0x04, 0x40]);
        self.labels.push(true);
        let place = bytes - *self.random.pick(&[4, 5, 6, 8]);
        self.number_of(is_64, place as i64);
        self.code.push(0x28);
        self.memory_argument(memory, 0, 0);
        index(&mut self.code, 0x21, local);
        self.number_of(is_64, place as i64);
        self.expression(Ty::I64, 1);
        self.code.push(0x3d);
        self.memory_argument(memory, 0, 1);
        self.labels.pop();
        self.code.push(0x0b);
    }

    /// Asks for a memory's size, or makes the memory grow.
    pub fn sizes(&mut self) {
        let memory = self.memory();
        let ty = self.address_type(memory);
        let Some(local) = self.local_of(ty) else { return };
        if self.random.chance(60) {
            index(&mut self.code, 0x3f, memory);
        } else {
            let delta = *self.random.pick(&[0, 1, 1, 1, 3, 65536, -1]);
            self.number_of(ty == Ty::I64, delta);
            index(&mut self.code, 0x40, memory);
        }
        index(&mut self.code, 0x21, local);
    }

    /// Writes an access outside of a memory, under a condition that is rarely true: across the end, around 2^31 or 2^32 (with
    /// the offset), or beyond.
    pub fn far(&mut self) {
        let rare = *self.random.pick(&[1, 3, 7, 15]);
        self.expression(Ty::I32, 2);
        i32_const(&mut self.code, rare);
        self.code.push(0x71);
        i32_const(&mut self.code, rare);
        self.code.push(0x46);
        self.code.extend([0x04, 0x40]);
        self.labels.push(true);
        self.far_access();
        self.labels.pop();
        self.code.push(0x0b);
    }

    /// Writes the access of `far`, without its condition.
    fn far_access(&mut self) {
        let memory = self.memory();
        let (is_64, bytes) = (self.around.memories[memory as usize].is_64, self.around.memories[memory as usize].bytes);
        let stores = self.random.chance(40);
        let accesses = if stores { &self.around.stores } else { &self.around.loads };
        let plain: Vec<_> = accesses.iter().filter(|access| access.lanes == 0).collect();
        let access = *self.random.pick(&plain);
        let over = bytes as i64 - self.random.below(1 << access.log2) as i64;
        let near: [(i64, u64); 16] = [
            (-1, 0), (-4, 0), (-4, 4), (-1, 1), (-8, 0xffff_ffff), (0, 0xffff_ffff), (0, 0xffff_fffc), (1, 0xffff_ffff), (0x7fff_ffff, 1),
            (0x7fff_ffff, 0x8000_0001), (-65536, 65536), (-65536, 0x1_0000 - 4), (0x7fff_fff0, 0x7fff_ffff), (over, 0), (over - 8, 8), (over, 0),
        ];
        let wide: [(i64, u64); 12] = [
            (1 << 32, 0), ((1 << 32) - 4, 4), (i64::MAX, 1), (i64::MIN, 0), (-1, 2), (-8, 1 << 32), (1 << 47, 0), ((1 << 32) - 1, (1 << 32) - 1),
            (-65536, 65540), (1 << 62, 1 << 62), (i64::MIN + 8, 0), (-9, 0),
        ];
        let (base, offset) = if is_64 && self.random.chance(60) { *self.random.pick(&wide) } else { *self.random.pick(&near) };
        let base = if is_64 && base < 0 && self.random.chance(30) { base & 0xffff_ffff } else { base };
        self.number_of(is_64, base);
        if self.random.chance(30) {
            self.leaf(if is_64 { Ty::I64 } else { Ty::I32 });
            self.number_of(is_64, 15);
            self.code.push(if is_64 { 0x83 } else { 0x71 });
            self.code.push(if is_64 { 0x7c } else { 0x6a });
        }
        if stores {
            self.expression(access.ty, 1);
        }
        self.code.extend(&access.code);
        self.memory_argument(memory, 0, offset);
        if !stores {
            self.into_local(access.ty);
        }
    }

    /// Writes a statement that is likely to trap, for a function that does little else.
    pub fn probe(&mut self) {
        self.raw = 50;
        match self.random.below(10) {
            0..=2 => self.far_access(),
            3 | 4 => {
                let operators: Vec<_> = self.around.operators.iter().filter(|o| o.care == Care::Converts).collect();
                let operator = *self.random.pick(&operators);
                self.edge_of_conversion(operator.operands[0]);
                self.code.extend(&operator.code);
                self.into_local(operator.result);
            }
            5 => {
                let operators: Vec<_> = self.around.operators.iter().filter(|o| o.care == Care::Divides).collect();
                let operator = *self.random.pick(&operators);
                let wide = operator.result == Ty::I64;
                for _ in 0..2 {
                    for _ in 0..2 {
                        let value = *self.random.pick(&[-1, 0, 1, i64::MIN, i64::MAX, i64::from(i32::MIN), 7]);
                        self.number_of(wide, value);
                    }
                    self.leaf(Ty::I32);
                    self.code.push(0x1b);
                }
                self.code.extend(&operator.code);
                self.into_local(operator.result);
            }
            6 => self.bulk(),
            7 => self.table_statement(),
            8 if self.around.atomics => self.atomic_statement(),
            _ if self.around.objects => self.object_statement(),
            _ => self.call(),
        }
    }

    /// Moves the value on top of the stack to a local of its type, or drops it.
    pub fn into_local(&mut self, ty: Ty) {
        match self.local_of(ty) {
            Some(local) => index(&mut self.code, 0x21, local),
            None => self.code.push(0x1a),
        }
    }
}
