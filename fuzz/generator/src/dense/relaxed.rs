//! Relaxed vector instructions. Their operands are such that the specification allows only one result: indices below 16
//! or from 128 on, conversions of numbers that fit, exact products and sums, masks of whole lanes, minima without NaNs
//! and without zeros of both signs, no product of -32768 and -32768, and second factors of seven bits.

use super::Maker;
use crate::code::unsigned;
use crate::operators::Ty;

impl Maker<'_> {
    /// Writes a vector instruction.
    fn vector(&mut self, opcode: u32) {
        self.code.push(0xfd);
        unsigned(&mut self.code, u64::from(opcode));
    }

    /// Puts a constant on the stack in which all bytes are `byte`.
    fn splat_byte(&mut self, byte: u8) {
        self.code.extend([0xfd, 0x0c]);
        self.code.extend([byte; 16]);
    }

    /// Makes a vector of floats that are integers of `bits` bits and a sign.
    fn whole(&mut self, double: bool, bits: u8, depth: u32) {
        self.expression(Ty::V128, depth);
        self.code.extend([0x41, 31 - bits]);
        self.vector(0xac); // i32x4.shr_s
        self.vector(if double { 0xfe } else { 0xfa });
    }

    /// Puts the result of a random relaxed instruction on the stack, a vector.
    pub fn relaxed(&mut self, depth: u32) {
        let depth = depth.min(2);
        let opcode = 0x100 + self.random.below(0x14) as u32;
        match opcode {
            0x100 => {
                self.expression(Ty::V128, depth);
                self.expression(Ty::V128, depth);
                self.splat_byte(0x8f);
                self.vector(0x4e);
            }
            0x101 | 0x103 => self.whole(opcode == 0x103, 29, depth),
            0x102 | 0x104 => {
                self.whole(opcode == 0x104, 29, depth);
                self.vector(if opcode == 0x104 { 0xec } else { 0xe0 });
            }
            0x105..=0x108 => {
                for _ in 0..3 {
                    let double = opcode >= 0x107;
                    self.whole(double, if double { 20 } else { 10 }, depth);
                }
            }
            0x109..=0x10c => {
                self.expression(Ty::V128, depth);
                self.expression(Ty::V128, depth);
                self.expression(Ty::V128, depth.min(1));
                self.expression(Ty::V128, depth.min(1));
                let compare = *self.random.pick(&[[0x23, 0x2d, 0x37, 0xd6], [0x25, 0x2f, 0x39, 0xd8], [0x24, 0x2e, 0x38, 0xd7]]);
                self.vector(compare[opcode as usize - 0x109]);
            }
            0x10d..=0x110 => {
                for _ in 0..2 {
                    self.whole(opcode >= 0x10f, 30, depth);
                }
            }
            0x111 => {
                self.expression(Ty::V128, depth);
                self.code.extend([0xfd, 0x0c]);
                (0..8).for_each(|_| self.code.extend([1, 0x80]));
                self.vector(0x98); // i16x8.max_s with -32767
                self.expression(Ty::V128, depth);
            }
            _ => {
                self.expression(Ty::V128, depth);
                self.expression(Ty::V128, depth);
                self.splat_byte(0x7f);
                self.vector(0x4e);
                if opcode == 0x113 {
                    self.expression(Ty::V128, depth);
                }
            }
        }
        self.vector(opcode);
    }
}
