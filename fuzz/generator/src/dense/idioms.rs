//! What the compiler's rewrites and instruction selection look for, said as programs say it.

use super::Maker;
use crate::code::{constant, i32_const, i64_const, index, unsigned};
use crate::operators::Ty;
use crate::values;

/// The opcodes of one width: of i32, and how much further those of i64 are.
const AND: u8 = 0x71;
const ADD: u8 = 0x6a;
const SUB: u8 = 0x6b;
const MUL: u8 = 0x6c;
const DIV_S: u8 = 0x6d;
const XOR: u8 = 0x73;
const OR: u8 = 0x72;
const SHL: u8 = 0x74;
const SHR_S: u8 = 0x75;
const SHR_U: u8 = 0x76;

impl Maker<'_> {
    fn op(&mut self, ty: Ty, opcode: u8) {
        self.code.push(if ty == Ty::I64 { opcode + 0x12 } else { opcode });
    }

    fn whole_number(&mut self, ty: Ty, value: i64) {
        if ty == Ty::I64 { i64_const(&mut self.code, value) } else { i32_const(&mut self.code, value as i32) }
    }

    /// Some local of the type, or the first of the function's that is one; what is not there becomes a constant.
    fn variable(&mut self, ty: Ty) -> Vec<u8> {
        let start = self.code.len();
        match self.local_of(ty) {
            Some(local) => index(&mut self.code, 0x20, local),
            None => constant(&mut self.code, ty, self.random),
        }
        self.code.split_off(start)
    }

    pub fn idiom(&mut self, ty: Ty, depth: u32) {
        match ty {
            Ty::I32 | Ty::I64 => self.integer_idiom(ty, depth),
            Ty::F32 | Ty::F64 => self.float_idiom(ty, depth),
            Ty::V128 => self.vector_idiom(depth),
            Ty::Base | Ty::Any => self.leaf(ty),
        }
    }

    fn divisor(&mut self, ty: Ty) -> i64 {
        let bits = if ty == Ty::I64 { 64 } else { 32 };
        let power = 1i64 << self.random.below(bits - 1);
        let value = match self.random.below(8) {
            0 => power,
            1 => power.wrapping_neg(),
            2 => power.wrapping_add(1),
            3 => power.wrapping_sub(1),
            4 => self.random.below(100) as i64 + 1,
            5 => *self.random.pick(&[3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 25, 28, 60, 100, 125, 641, 1000, 1_000_000_007]),
            6 => if ty == Ty::I64 { i64::MIN } else { i64::from(i32::MIN) },
            _ => if ty == Ty::I64 { values::i64(self.random) } else { i64::from(values::i32(self.random)) },
        };
        let value = if ty == Ty::I64 { value } else { i64::from(value as i32) };
        if value == 0 || value == -1 && !self.random.chance(10) { 7 } else { value }
    }

    fn integer_idiom(&mut self, ty: Ty, depth: u32) {
        let bits = if ty == Ty::I64 { 64 } else { 32 };
        let x = self.variable(ty);
        match self.random.below(22) {
            0 | 1 => {
                // The low bits, with either extension.
                let count = *self.random.pick(&[8, 16, 24, 1, 5, bits - 8, bits - 16, bits - 1, bits / 2]);
                self.expression(ty, depth);
                self.whole_number(ty, count);
                self.op(ty, SHL);
                self.whole_number(ty, count);
                let shift = *self.random.pick(&[SHR_S, SHR_U]);
                self.op(ty, shift);
            }
            2 => {
                let count = 1 + self.random.below(bits as u64 - 1) as i64;
                self.code.extend(&x);
                self.whole_number(ty, count);
                self.op(ty, SHL);
                self.code.extend(&x);
                self.whole_number(ty, bits - count);
                self.op(ty, SHR_U);
                let join = *self.random.pick(&[OR, ADD, XOR]);
                self.op(ty, join);
            }
            3 | 4 => {
                // Minimum, maximum, limits.
                let y = if self.random.chance(50) { self.variable(ty) } else { let mut y = Vec::new(); constant(&mut y, ty, self.random); y };
                let swapped = self.random.chance(50);
                self.code.extend(if swapped { &y } else { &x });
                self.code.extend(if swapped { &x } else { &y });
                self.code.extend(&x);
                self.code.extend(&y);
                let compare = self.random.below(8) as u8 + if ty == Ty::I64 { 0x53 } else { 0x48 };
                self.code.extend([compare, 0x1b]);
            }
            5 => {
                // The absolute value.
                self.code.extend(&x);
                self.code.extend(&x);
                self.whole_number(ty, bits - 1);
                self.op(ty, SHR_S);
                self.op(ty, XOR);
                self.code.extend(&x);
                self.whole_number(ty, bits - 1);
                self.op(ty, SHR_S);
                self.op(ty, SUB);
            }
            6 => {
                // The lowest bit, without it, up to it.
                self.code.extend(&x);
                if self.random.chance(50) {
                    self.whole_number(ty, 0);
                    self.code.extend(&x);
                    self.op(ty, SUB);
                } else {
                    self.code.extend(&x);
                    self.whole_number(ty, -1);
                    self.op(ty, ADD);
                }
                let join = *self.random.pick(&[AND, AND, XOR]);
                self.op(ty, join);
            }
            7 => {
                self.expression(ty, depth);
                self.expression(ty, depth);
                self.whole_number(ty, -1);
                self.op(ty, XOR);
                let join = *self.random.pick(&[AND, OR, ADD, SUB]);
                self.op(ty, join);
            }
            8..=11 => {
                // Divided by a number, and back.
                self.expression(ty, depth);
                let divisor = self.divisor(ty);
                self.whole_number(ty, divisor);
                let divide = DIV_S + self.random.below(4) as u8;
                self.op(ty, divide);
                if self.random.chance(25) {
                    self.whole_number(ty, divisor);
                    self.op(ty, MUL);
                }
            }
            12 => {
                self.expression(ty, depth);
                let factor = *self.random.pick(&[3, 5, 9, 7, 15, 17, 24, 10, 6, 25, 45, 81, -3, -8, 0x10001, 1 << 20]);
                self.whole_number(ty, factor);
                self.op(ty, MUL);
            }
            13 => {
                // A bit count with its special case.
                self.whole_number(ty, bits - 1);
                self.code.extend(&x);
                let count = 0x67 + self.random.below(2) as u8;
                self.op(ty, count);
                self.op(ty, SUB);
                self.whole_number(ty, 0);
                self.code.extend(&x);
                self.whole_number(ty, 0);
                self.code.extend([if ty == Ty::I64 { 0x52 } else { 0x47 }, 0x1b]);
            }
            14 | 15 if ty == Ty::I32 => self.condition_idiom(depth),
            14 | 15 => {
                // Between the widths.
                let extend = 0xac + self.random.below(2) as u8;
                self.expression(Ty::I64, depth);
                self.code.extend([0xa7, extend]);
            }
            16 if ty == Ty::I32 => {
                self.expression(Ty::I64, depth);
                self.whole_number(Ty::I64, 32);
                let shift = *self.random.pick(&[SHR_S, SHR_U]);
                self.op(Ty::I64, shift);
                self.code.push(0xa7);
            }
            16 => {
                // The upper half of a product of halves.
                self.expression(Ty::I32, depth);
                let extend = 0xac + self.random.below(2) as u8;
                self.code.push(extend);
                self.expression(Ty::I32, depth);
                self.code.push(extend);
                self.op(Ty::I64, MUL);
                self.whole_number(Ty::I64, 32);
                self.op(Ty::I64, SHR_U);
            }
            17 => {
                // A field of bits: shifted down, masked; or put together.
                let (from, count) = (self.random.below(bits as u64) as i64, 1 + self.random.below(16) as i64);
                self.code.extend(&x);
                self.whole_number(ty, from);
                self.op(ty, SHR_U);
                self.whole_number(ty, (1 << count) - 1);
                self.op(ty, AND);
                if self.random.chance(40) {
                    self.whole_number(ty, count);
                    self.op(ty, SHL);
                    self.expression(ty, depth);
                    self.whole_number(ty, (1 << count) - 1);
                    self.op(ty, AND);
                    self.op(ty, OR);
                }
            }
            18 => {
                // A shift whose count is masked as the instruction does anyway.
                self.expression(ty, depth);
                self.expression(ty, depth);
                let mask = *self.random.pick(&[bits - 1, bits - 1, 2 * bits - 1, 7]);
                self.whole_number(ty, mask);
                self.op(ty, AND);
                let shift = *self.random.pick(&[SHL, SHR_S, SHR_U, 0x77, 0x78]);
                self.op(ty, shift);
            }
            19 => {
                self.code.extend(&x);
                self.whole_number(ty, 1);
                self.expression(ty, depth);
                self.op(ty, SHL);
                let join = *self.random.pick(&[AND, OR, XOR]);
                self.op(ty, join);
            }
            20 => {
                // Numbers with a constant on either side of two operations.
                self.code.extend(&x);
                let join = *self.random.pick(&[ADD, MUL, AND, OR, XOR, SHL, SHR_U, SHR_S, SUB]);
                constant(&mut self.code, ty, self.random);
                self.op(ty, join);
                constant(&mut self.code, ty, self.random);
                self.op(ty, join);
            }
            _ => {
                // base + index * scale + displacement
                self.code.extend(&x);
                self.expression(ty, depth);
                let scale = self.random.below(5) as i64;
                self.whole_number(ty, scale);
                self.op(ty, SHL);
                self.op(ty, ADD);
                let displacement = *self.random.pick(&[1, 8, -1, 0x7fff_ffff, -0x8000_0000]);
                self.whole_number(ty, displacement);
                self.op(ty, ADD);
            }
        }
    }

    /// Conditions: tests of bits, narrow numbers in memory against constants, overflow, several at once.
    fn condition_idiom(&mut self, depth: u32) {
        match self.random.below(6) {
            0 => {
                let ty = *self.random.pick(&[Ty::I32, Ty::I64]);
                self.expression(ty, depth);
                let mask = *self.random.pick(&[1, 0x80, 0xff, 0x8000, 0xff00, 0xffff, 0x8000_0000, 0xffff_ff00, 1 << 40, 0xffff_ffff]);
                self.whole_number(ty, mask);
                self.op(ty, AND);
                if self.random.chance(50) {
                    self.code.push(if ty == Ty::I64 { 0x50 } else { 0x45 });
                } else {
                    let compared = if self.random.chance(50) { 0 } else { mask };
                    self.whole_number(ty, compared);
                    let compare = self.random.below(2) as u8 + if ty == Ty::I64 { 0x51 } else { 0x46 };
                    self.code.push(compare);
                }
            }
            1 => {
                let memory = self.memory();
                let offset = self.address(memory, 1, 0);
                let (load, values) = *self.random.pick(&[
                    (0x2c, [-1i64, 5, -128, 127]), (0x2d, [0, 200, 255, 1]), (0x2e, [-1, 1000, -32768, 32767]),
                    (0x2f, [0x1234, 0xffff, 0x8000, 3]), (0x28, [0x12345, -1, 0, 100]),
                ]);
                self.code.push(load);
                self.memory_argument(memory, 0, offset);
                let value = *self.random.pick(&values);
                if self.random.chance(30) {
                    i32_const(&mut self.code, value as i32);
                    self.code.push(AND);
                    self.code.push(0x45);
                } else {
                    i32_const(&mut self.code, value as i32);
                    let compare = 0x46 + self.random.below(10) as u8;
                    self.code.push(compare);
                }
            }
            2 => {
                let ty = *self.random.pick(&[Ty::I32, Ty::I64]);
                let x = self.variable(ty);
                self.code.extend(&x);
                self.expression(ty, depth);
                let join = *self.random.pick(&[ADD, SUB]);
                self.op(ty, join);
                self.code.extend(&x);
                let compare = 2 * self.random.below(4) as u8 + if ty == Ty::I64 { 0x54 } else { 0x49 };
                self.code.push(compare);
            }
            3 => {
                // Within bounds, as one comparison or two.
                let x = self.variable(Ty::I32);
                let (low, high) = (self.random.below(100) as i32 - 50, self.random.below(200) as i32);
                self.code.extend(&x);
                i32_const(&mut self.code, low);
                self.code.push(0x4e);
                self.code.extend(&x);
                i32_const(&mut self.code, high);
                self.code.push(0x48);
                let join = *self.random.pick(&[AND, OR]);
                self.code.push(join);
            }
            4 => {
                self.condition(depth.max(1));
                self.condition(depth.max(1));
                let join = *self.random.pick(&[AND, OR, XOR, 0x46]);
                self.code.push(join);
            }
            _ => {
                let ty = *self.random.pick(&[Ty::F32, Ty::F64]);
                self.expression(ty, depth);
                self.expression(ty, depth);
                let compare = self.random.below(6) as u8 + if ty == Ty::F64 { 0x61 } else { 0x5b };
                self.code.extend([compare, 0x45]);
            }
        }
    }

    fn float_idiom(&mut self, ty: Ty, depth: u32) {
        let double = ty == Ty::F64;
        let x = self.variable(ty);
        match self.random.below(6) {
            0 | 1 => {
                let y = self.variable(ty);
                let swapped = self.random.chance(50);
                self.code.extend(if swapped { &y } else { &x });
                self.code.extend(if swapped { &x } else { &y });
                self.code.extend(&x);
                self.code.extend(&y);
                let compare = 2 + self.random.below(4) as u8 + if double { 0x61 } else { 0x5b };
                self.code.extend([compare, 0x1b]);
            }
            2 => {
                // A product that is added to.
                self.expression(ty, depth);
                self.expression(ty, depth);
                self.code.push(if double { 0xa2 } else { 0x94 });
                self.expression(ty, depth);
                let add = self.random.below(2) as u8 + if double { 0xa0 } else { 0x92 };
                self.code.push(add);
            }
            3 => {
                // Bits.
                self.expression(if double { Ty::I64 } else { Ty::I32 }, depth);
                self.code.push(if double { 0xbf } else { 0xbe });
            }
            4 => {
                // To an integer and back.
                self.expression(ty, depth);
                let signed = self.random.below(2) as u8;
                if double { self.code.extend([0xfc, 2 + signed, 0xb7 + signed]) } else { self.code.extend([0xfc, signed, 0xb2 + signed]) }
            }
            _ => {
                self.expression(if double { Ty::F32 } else { Ty::F64 }, depth);
                self.code.push(if double { 0xbb } else { 0xb6 });
            }
        }
    }

    fn shuffle(&mut self, lanes: &[u8; 16]) {
        self.code.extend([0xfd, 0x0d]);
        self.code.extend(lanes);
    }

    fn vector_idiom(&mut self, depth: u32) {
        let x = self.variable(Ty::V128);
        let same = self.random.chance(40);
        let units = |size: u8, lanes: &[u8]| -> [u8; 16] { std::array::from_fn(|i| lanes[i / size as usize] * size + i as u8 % size) };
        match self.random.below(8) {
            0 | 1 => {
                // Words within the halves; the second operand does not matter, or is the first.
                let mut words: Vec<u8> = (0..8).collect();
                let both = self.random.below(3);
                if both != 1 {
                    (0..4).for_each(|i| words[i] = self.random.below(4) as u8);
                }
                if both != 0 {
                    (4..8).for_each(|i| words[i] = 4 + self.random.below(4) as u8);
                }
                self.code.extend(&x);
                if same { self.code.extend(&x) } else { self.expression(Ty::V128, depth) }
                self.shuffle(&units(2, &words));
            }
            2 => {
                // Two lanes of each.
                let lanes: Vec<u8> = (0..4).map(|i| self.random.below(4) as u8 + if (i < 2) == same { 4 } else { 0 }).collect();
                self.code.extend(&x);
                self.expression(Ty::V128, depth);
                self.shuffle(&units(4, &lanes));
            }
            3 => {
                // Every lane of either in its place.
                let size = *self.random.pick(&[1, 2, 2, 4, 8]);
                let count = 16 / size;
                let lanes: Vec<u8> = (0..count).map(|i| i + count * self.random.below(2) as u8).collect();
                self.code.extend(&x);
                self.expression(Ty::V128, depth);
                self.shuffle(&units(size, &lanes));
            }
            4 => {
                // One lane everywhere; interleaved; a rotation.
                let size = *self.random.pick(&[1u8, 2, 4, 8]);
                let count = 16 / size;
                let first = self.random.below(u64::from(count)) as u8;
                let lanes: Vec<u8> = match self.random.below(3) {
                    0 => (0..count).map(|_| first).collect(),
                    1 => (0..count).map(|i| i / 2 + (i % 2) * count + if same { count / 2 } else { 0 }).collect(),
                    _ => (0..count).map(|i| (i + first) % count).collect(),
                };
                // Twice the same, of the same.
                let start = self.code.len();
                self.code.extend(&x);
                self.code.extend(&x);
                self.shuffle(&units(size, &lanes));
                let all = self.code[start..].to_vec();
                self.code.extend(all);
                let join = *self.random.pick(&[0x50, 0x51, 0x6e]);
                self.code.extend([0xfd, join]);
            }
            5 => {
                // One or the other, by a comparison.
                self.expression(Ty::V128, depth);
                self.expression(Ty::V128, depth);
                self.code.extend(&x);
                self.expression(Ty::V128, depth);
                let compare = 0x23 + self.random.below(0x2a) as u8;
                self.code.extend([0xfd, compare]);
                if same {
                    self.code.extend([0xfd, 0x4d]);
                }
                self.code.extend([0xfd, 0x52]);
            }
            6 => {
                // A scalar in every lane, or a constant, as the other operand.
                self.code.extend(&x);
                if same {
                    self.expression(Ty::I32, depth);
                    let splat = 0x0f + self.random.below(3) as u8;
                    self.code.extend([0xfd, splat]);
                } else {
                    constant(&mut self.code, Ty::V128, self.random);
                }
                let join = *self.random.pick(&[0x4e, 0x4f, 0x6e, 0x71, 0x8e, 0x91, 0x95, 0xae, 0xb1, 0xb5, 0xce, 0xd5, 0x82, 0xba]);
                self.code.push(0xfd);
                unsigned(&mut self.code, join);
            }
            _ => {
                // A lane taken out and put into another.
                self.code.extend(&x);
                self.code.extend(&x);
                let (take, put, lanes) = *self.random.pick(&[(0x15, 0x17, 16), (0x19, 0x1a, 8), (0x1b, 0x1c, 4), (0x1d, 0x1e, 2), (0x1f, 0x20, 4), (0x21, 0x22, 2)]);
                let lane = self.random.below(lanes) as u8;
                self.code.extend([0xfd, take, lane]);
                let lane = self.random.below(lanes) as u8;
                self.code.extend([0xfd, put, lane]);
            }
        }
    }

    /// Many values at once, more than registers: a frame of pages.
    pub fn crowd(&mut self) {
        let ty = if self.around.simd { Ty::V128 } else { Ty::I64 };
        let count = *self.random.pick(&[40, 300, 560, 1500]);
        let memory = self.memory();
        let is_64 = self.around.memories[memory as usize].is_64;
        let load = |maker: &mut Self, place: i64| {
            maker.number_of(is_64, place);
            if ty == Ty::V128 { maker.code.extend([0xfd, 0]) } else { maker.code.push(0x29) }
            maker.memory_argument(memory, 0, 0);
        };
        for number in 0..count {
            load(self, number * 8);
        }
        // What is loaded must be loaded before this.
        self.number_of(is_64, 8);
        self.expression(Ty::I64, 1);
        self.code.push(0x37);
        self.memory_argument(memory, 0, 0);
        for number in 1..count {
            match (ty, number % 3) {
                (Ty::V128, 0) => self.code.extend([0xfd, 0xce, 1]),
                (Ty::V128, _) => self.code.extend([0xfd, 0x51]),
                (_, 0) => self.code.push(0x7c),
                _ => self.code.push(0x85),
            }
        }
        self.into_local(ty);
    }

    /// A function of very many blocks.
    pub fn many_blocks(&mut self) {
        let Some(local) = self.local_of(Ty::I32) else { return };
        for number in 0..400 + self.random.below(1200) as i32 {
            index(&mut self.code, 0x20, local);
            i32_const(&mut self.code, number & 7);
            self.code.extend([0x71, 0x04, 0x40]);
            index(&mut self.code, 0x20, local);
            i32_const(&mut self.code, number);
            self.code.push(if number % 2 == 0 { 0x6a } else { 0x73 });
            index(&mut self.code, 0x21, local);
            self.code.push(0x0b);
        }
    }

    /// Adds to what is in memory, in place.
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
        let join = *self.random.pick(&[ADD, SUB, AND, OR, XOR, SHL]);
        self.op(value, join);
        self.code.push(store);
        self.memory_argument(memory, 0, offset);
    }
}
