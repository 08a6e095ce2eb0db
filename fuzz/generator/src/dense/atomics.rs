//! Writes atomic instructions, on shared memories and on others, and wide arithmetic. Waits end at once, because their timeout
//! is 0. On a memory that is not shared, they trap.

use super::Maker;
use crate::code::{i32_const, i64_const, index};
use crate::operators::{ATOMICS, Ty};

impl Maker<'_> {
    /// Returns the index in ATOMICS of a random size of access for values of type `ty`.
    fn form(&mut self, ty: Ty) -> usize {
        let forms: Vec<usize> = (0..7).filter(|&i| ATOMICS[i].0 == ty).collect();
        *self.random.pick(&forms)
    }

    /// Puts the result of an atomic load, change or exchange on the stack.
    pub fn atomic(&mut self, ty: Ty, depth: u32) {
        let form = self.form(ty);
        let size = ATOMICS[form].1;
        let memory = self.memory();
        let offset = self.address(memory, depth, (1 << size) - 1);
        let group = self.random.below(8) as usize;
        let opcode = if group == 0 { 0x10 + form } else { 0x1e + 7 * (group - 1) + form };
        for operand in 0..match group { 0 => 0, 7 => 2, _ => 1 } {
            if group == 7 && operand == 0 && self.random.chance(60) {
                // Memory is often 0, so the comparison with 0 often succeeds.
                if ty == Ty::I32 { i32_const(&mut self.code, 0) } else { i64_const(&mut self.code, 0) }
            } else {
                self.expression(ty, depth.min(1));
            }
        }
        self.code.extend([0xfe, opcode as u8]);
        self.memory_argument(memory, u64::from(size), offset);
    }

    /// Writes an atomic store, a fence, a notification or a wait.
    pub fn atomic_statement(&mut self) {
        if !self.around.atomics {
            return self.assignment();
        }
        let memory = self.memory();
        match self.random.below(10) {
            0..=4 => {
                let ty = if self.random.chance(50) { Ty::I32 } else { Ty::I64 };
                let form = self.form(ty);
                let size = ATOMICS[form].1;
                let offset = self.address(memory, 1, (1 << size) - 1);
                self.expression(ty, 2);
                self.code.extend([0xfe, 0x17 + form as u8]);
                self.memory_argument(memory, u64::from(size), offset);
            }
            5 => self.code.extend([0xfe, 3, 0]),
            6 => {
                let offset = self.address(memory, 1, 3);
                self.expression(Ty::I32, 1);
                self.code.extend([0xfe, 0]);
                self.memory_argument(memory, 2, offset);
                self.into_local(Ty::I32);
            }
            _ => {
                if !self.around.memories[memory as usize].shared && !self.random.chance(10) {
                    return self.assignment();
                }
                let wide = self.random.below(2) as u8;
                let offset = self.address(memory, 1, if wide == 1 { 7 } else { 3 });
                self.expression(if wide == 1 { Ty::I64 } else { Ty::I32 }, 1);
                i64_const(&mut self.code, 0);
                self.code.extend([0xfe, 1 + wide]);
                self.memory_argument(memory, 2 + u64::from(wide), offset);
                self.into_local(Ty::I32);
            }
        }
    }

    /// Stores the two halves of a 128-bit sum, difference or product to locals.
    pub fn wide_arithmetic(&mut self) {
        let (Some(low), Some(high), true) = (self.local_of(Ty::I64), self.local_of(Ty::I64), self.around.wide) else {
            return self.assignment();
        };
        let opcode = 0x13 + self.random.below(4) as u8;
        let start = self.code.len();
        let twice = self.random.chance(30);
        for _ in 0..if opcode < 0x15 { 4 } else { 2 } {
            if twice { self.leaf(Ty::I64) } else { self.expression(Ty::I64, 2) }
        }
        self.code.extend([0xfc, opcode]);
        if twice {
            // The same operation twice: one half of each result is used.
            let again = self.code[start..].to_vec();
            self.code.push(0x1a);
            self.code.extend(again);
            index(&mut self.code, 0x21, high);
            self.code.push(0x1a);
        } else {
            index(&mut self.code, 0x21, high);
        }
        index(&mut self.code, 0x21, low);
    }
}
