//! The patterns that the compiler's rewrites and instruction selection look for, in the forms that programs have.

use super::Maker;
use crate::code::{constant, i32_const, i64_const, index};
use crate::operators::Ty;
use crate::values;

// Opcodes for i32. Those for i64 are greater by 0x12 (Maker::op).
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
    /// Writes the opcode for i32, or the corresponding one for i64.
    pub fn op(&mut self, ty: Ty, opcode: u8) {
        self.code.push(if ty == Ty::I64 { opcode + 0x12 } else { opcode });
    }

    fn whole_number(&mut self, ty: Ty, value: i64) {
        if ty == Ty::I64 { i64_const(&mut self.code, value) } else { i32_const(&mut self.code, value as i32) }
    }

    /// Returns code that gives the value of a local of the type, or a constant if there is none.
    pub fn variable(&mut self, ty: Ty) -> Vec<u8> {
        let start = self.code.len();
        match self.local_of(ty) {
            Some(local) => index(&mut self.code, 0x20, local),
            None => constant(&mut self.code, ty, self.random),
        }
        self.code.split_off(start)
    }

    /// Puts a value of type `ty` on the stack, from one of the patterns for the type.
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
        if self.random.chance(4) {
            return -1;
        }
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
                // The low bits, zero-extended or sign-extended.
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
                // The minimum or maximum.
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
                // The lowest one bit alone, x without it, or all bits up to it.
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
                // The quotient or remainder of a division by a constant, sometimes multiplied by the same constant.
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
                // bits - 1 minus the number of leading or trailing zeros, or 0 if x is 0.
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
                // A wrap to 32 bits and an extension.
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
                // The upper half of a product of 32-bit numbers.
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
                // A bit field that is extracted, and perhaps combined with another one.
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
                // A shift with a masked count; the instruction masks it by bits - 1 anyway.
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
                // The same operation twice, each with a constant.
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

    /// Puts a condition on the stack: a test of bits, a comparison of a narrow number in memory with a constant, a test for
    /// overflow, or several comparisons together.
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
                // A test against two bounds.
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
                // A product in a sum or difference.
                self.expression(ty, depth);
                self.expression(ty, depth);
                self.code.push(if double { 0xa2 } else { 0x94 });
                self.expression(ty, depth);
                let add = self.random.below(2) as u8 + if double { 0xa0 } else { 0x92 };
                self.code.push(add);
            }
            3 => {
                // The bits of an integer as a float.
                self.expression(if double { Ty::I64 } else { Ty::I32 }, depth);
                self.code.push(if double { 0xbf } else { 0xbe });
            }
            4 => {
                // A conversion to an integer and back.
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
}
