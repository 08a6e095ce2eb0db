//! Expressions of a function: code that leaves one value on the stack.

use super::{Maker, Theme};
use crate::code::{self, constant, i32_const, i64_const, index, unsigned};
use crate::operators::{Care, Operator, Ty};
use crate::values;

impl Maker<'_> {
    /// Puts a value of type `ty` on the stack. `depth` bounds how deep operands are nested: 0 means a leaf.
    pub fn expression(&mut self, ty: Ty, depth: u32) {
        self.budget -= 1;
        if depth == 0 || self.budget < -200 {
            return self.leaf(ty);
        }
        let start = self.code.len();
        let labels = self.labels.len();
        if self.around.objects && self.random.chance(if self.around.theme == Theme::Objects { 30 } else { 10 }) {
            return self.object_expression(ty, depth - 1);
        }
        if self.around.theme == Theme::Atomics && matches!(ty, Ty::I32 | Ty::I64) && self.random.chance(15) {
            return self.atomic(ty, depth - 1);
        }
        if ty == Ty::V128 && self.random.chance(7) {
            return self.relaxed(depth - 1);
        }
        match self.random.below(100) {
            0..=17 => return self.leaf(ty),
            18..=22 => self.select(ty, depth),
            23..=26 => self.if_else(ty, depth),
            27..=29 => self.block(ty, depth),
            _ if ty.is_reference() => self.reference(ty, depth - 1),
            30..=39 => self.load(ty, depth - 1),
            40..=43 => self.wide(ty, depth - 1),
            44 => self.tee(ty, depth - 1),
            45 | 57..=63 => self.idiom(ty, depth - 1),
            46 => self.guarded_division(ty, depth - 1),
            47..=55 => return self.again(ty, depth),
            56 => self.attempt(ty, depth - 1),
            _ => self.operator(ty, depth - 1),
        }
        // Code without branches to the outside can be used again.
        let size = self.code.len() - start;
        if (4..120).contains(&size) && self.labels.len() == labels && self.random.chance(50) {
            let bytes = self.code[start..].to_vec();
            if self.remembered.len() < 24 {
                self.remembered.push((ty, bytes));
            } else {
                let place = self.random.below(24) as usize;
                self.remembered[place] = (ty, bytes);
            }
        }
    }

    /// Writes the code of an earlier expression of the type again.
    fn again(&mut self, ty: Ty, depth: u32) {
        let candidates: Vec<usize> = (0..self.remembered.len()).filter(|&i| self.remembered[i].0 == ty).collect();
        if candidates.is_empty() {
            return self.operator(ty, depth - 1);
        }
        let which = *self.random.pick(&candidates);
        let bytes = self.remembered[which].1.clone();
        self.budget -= bytes.len() as i32 / 4;
        self.code.extend(bytes);
    }

    /// Puts a local, a global, a constant, or one of two constants on the stack.
    pub fn leaf(&mut self, ty: Ty) {
        let counters: Vec<u32> = self.counters.iter().filter(|(_, t)| *t == ty).map(|(local, _)| *local).collect();
        if !counters.is_empty() && self.random.chance(35) {
            let local = *self.random.pick(&counters);
            return index(&mut self.code, 0x20, local);
        }
        let locals: Vec<u32> = (0..self.locals.len() as u32).filter(|i| self.locals[*i as usize] == ty).collect();
        if !locals.is_empty() && self.random.chance(75) {
            let local = *self.random.pick(&locals);
            return index(&mut self.code, 0x20, local);
        }
        let globals: Vec<u32> =
            (0..self.around.globals.len() as u32).filter(|i| self.around.globals[*i as usize].0 == ty).collect();
        if !globals.is_empty() && self.random.chance(40) {
            let global = *self.random.pick(&globals);
            return index(&mut self.code, 0x23, global);
        }
        if !ty.is_reference() && self.random.chance(30) {
            // One of two constants, so that the compiler does not know the value.
            constant(&mut self.code, ty, self.random);
            constant(&mut self.code, ty, self.random);
            match self.local_of(Ty::I32) {
                Some(local) => index(&mut self.code, 0x20, local),
                None => index(&mut self.code, 0x23, self.around.fuel),
            }
            return self.code.push(0x1b);
        }
        constant(&mut self.code, ty, self.random);
    }

    /// Puts an i32 on the stack that a branch tests.
    pub fn condition(&mut self, depth: u32) {
        // Mostly comparisons and tests of bits, which can become part of the branch instruction.
        if depth == 0 || self.random.chance(30) {
            return self.expression(Ty::I32, depth);
        }
        let opcode = *self.random.pick(&[
            0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
            0x59, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x71,
        ]);
        let ty = match opcode {
            0x45..=0x4f | 0x71 => Ty::I32,
            0x50..=0x5a => Ty::I64,
            0x5b..=0x60 => Ty::F32,
            _ => Ty::F64,
        };
        self.expression(ty, depth - 1);
        if opcode != 0x45 && opcode != 0x50 {
            if self.random.chance(40) {
                constant(&mut self.code, ty, self.random);
            } else {
                self.expression(ty, depth - 1);
            }
        }
        self.code.push(opcode);
        if self.random.chance(20) {
            self.code.push(0x45);
        }
    }

    fn select(&mut self, ty: Ty, depth: u32) {
        self.expression(ty, depth - 1);
        self.expression(ty, depth - 1);
        self.condition(depth - 1);
        if ty.is_reference() || self.random.chance(50) {
            self.code.extend([0x1c, 1]);
            self.code.extend(ty.bytes());
        } else {
            self.code.push(0x1b);
        }
    }

    fn if_else(&mut self, ty: Ty, depth: u32) {
        self.condition(depth - 1);
        self.code.push(0x04);
        self.code.extend(ty.bytes());
        self.labels.push(false);
        self.expression(ty, depth - 1);
        self.code.push(0x05);
        self.expression(ty, depth - 1);
        self.labels.pop();
        self.code.push(0x0b);
    }

    /// Writes a block that may be left early with another value.
    fn block(&mut self, ty: Ty, depth: u32) {
        self.code.push(0x02);
        self.code.extend(ty.bytes());
        self.labels.push(false);
        self.expression(ty, depth - 1);
        self.condition(depth - 1);
        index(&mut self.code, 0x0d, 0);
        self.code.push(0x1a);
        self.expression(ty, depth - 1);
        self.labels.pop();
        self.code.push(0x0b);
    }

    fn tee(&mut self, ty: Ty, depth: u32) {
        self.expression(ty, depth);
        let locals: Vec<u32> = (0..self.locals.len() as u32).filter(|i| self.locals[*i as usize] == ty).collect();
        if !locals.is_empty() {
            let local = *self.random.pick(&locals);
            index(&mut self.code, 0x22, local);
        }
    }

    /// Divides by a variable where it is not zero, so the compiler must not move the division up.
    fn guarded_division(&mut self, ty: Ty, depth: u32) {
        let locals: Vec<u32> = (0..self.locals.len() as u32).filter(|i| self.locals[*i as usize] == ty).collect();
        let (eqz, first) = match ty {
            Ty::I32 => (0x45, 0x6d),
            Ty::I64 => (0x50, 0x7f),
            _ => return self.tee(ty, depth),
        };
        if locals.is_empty() {
            return self.leaf(ty);
        }
        let divisor = *self.random.pick(&locals);
        index(&mut self.code, 0x20, divisor);
        self.code.extend([eqz, 0x04]);
        self.code.extend(ty.bytes());
        self.leaf(ty);
        self.code.push(0x05);
        if self.random.chance(60) {
            self.leaf(ty);
        } else {
            self.labels.push(false);
            self.expression(ty, depth.min(1));
            self.labels.pop();
        }
        index(&mut self.code, 0x20, divisor);
        // Signed division may overflow, so it is rare here.
        let which = *self.random.pick(&[1, 1, 1, 3, 3, 2, 0]);
        self.code.extend([first + which, 0x0b]);
    }

    /// Writes many values that are live at the same time, and combines them.
    fn wide(&mut self, ty: Ty, depth: u32) {
        let most = if self.random.chance(20) { 14 } else { 4 };
        let count = 3 + self.random.below(most);
        for _ in 0..count {
            self.expression(ty, depth.min(1));
        }
        for _ in 1..count {
            match ty {
                Ty::I32 => self.code.push(*self.random.pick(&[0x6a, 0x6b, 0x71, 0x72, 0x73, 0x6c, 0x77])),
                Ty::I64 => self.code.push(*self.random.pick(&[0x7c, 0x7d, 0x83, 0x84, 0x85, 0x7e, 0x89])),
                Ty::F32 => self.code.push(*self.random.pick(&[0x92, 0x93, 0x94, 0x96, 0x97])),
                Ty::F64 => self.code.push(*self.random.pick(&[0xa0, 0xa1, 0xa2, 0xa4, 0xa5])),
                Ty::Base | Ty::Any => self.code.push(0x1a),
                Ty::V128 => {
                    let opcode = *self.random.pick(&[0x4eu8, 0x4f, 0x50, 0x51, 0x6e, 0x71]);
                    self.code.push(0xfd);
                    unsigned(&mut self.code, u64::from(opcode));
                }
            }
        }
    }

    fn operator(&mut self, ty: Ty, depth: u32) {
        if ty.is_reference() {
            return self.reference(ty, depth);
        }
        let around = self.around;
        let candidates: Vec<&Operator> = around.operators.iter().filter(|o| o.result == ty).collect();
        let mut chosen: &Operator = *self.random.pick(&candidates);
        // There are many conversions and comparisons, but programs mostly do arithmetic within a type.
        for _ in 0..3 {
            if chosen.operands[0] == ty || self.random.chance(if ty == Ty::V128 { 60 } else { 30 }) {
                break;
            }
            chosen = *self.random.pick(&candidates);
        }
        if chosen.operands.iter().any(|ty| !around.types.contains(ty)) && self.random.chance(70) {
            return self.leaf(ty);
        }
        self.apply(chosen, depth);
    }

    /// Writes operands and the operator.
    pub fn apply(&mut self, chosen: &Operator, depth: u32) {
        let ty = chosen.result;
        let constant_operand = self.random.chance(35);
        for (position, operand) in chosen.operands.iter().enumerate() {
            let converts = chosen.care == Care::Converts || (chosen.code[0] == 0xfc && chosen.code[1] < 8);
            if converts && self.random.chance(40) {
                self.edge_of_conversion(*operand);
                continue;
            }
            let last = position + 1 == chosen.operands.len();
            if last && constant_operand && chosen.operands.len() > 1 {
                constant(&mut self.code, *operand, self.random);
            } else if constant_operand && self.random.chance(10) {
                constant(&mut self.code, *operand, self.random);
            } else {
                self.expression(*operand, depth);
            }
        }
        let mut opcode = chosen.code.clone();
        match chosen.care {
            Care::None => {}
            Care::Divides => self.careful_divisor(ty, matches!(chosen.code[0], 0x6d | 0x7f)),
            Care::Converts if self.random.chance(86 - self.raw) => {
                // The saturating form of the conversion, which does not trap.
                let form = match chosen.code[0] {
                    0xa8..=0xab => chosen.code[0] - 0xa8,
                    other => other - 0xae + 4,
                };
                opcode = vec![0xfc, form];
            }
            Care::Converts => {}
            Care::Lane(count) => opcode.push(self.random.below(u64::from(count)) as u8),
            Care::Shuffle => opcode.extend(self.lanes()),
        }
        self.code.extend(opcode);
    }

    /// Returns the 16 immediates of a shuffle.
    fn lanes(&mut self) -> Vec<u8> {
        let size = 1u8 << self.random.below(5);
        let base = self.random.below(32) as u8;
        match self.random.below(4) {
            // Whole lanes of some size, a rotation, pairs from both operands, or random bytes.
            0 => (0..16 / size.min(16))
                .flat_map(|_| {
                    let lane = self.random.below(u64::from(32 / size.min(16))) as u8 * size.min(16);
                    (0..size.min(16)).map(move |byte| lane + byte)
                })
                .collect(),
            1 => (0..16).map(|lane| (lane + base) % 32).collect(),
            2 => (0..16).map(|lane| lane / 2 + (lane % 2) * 16 + (base & 8)).collect(),
            _ => (0..16).map(|_| self.random.below(32) as u8).collect(),
        }
    }

    /// Puts one of two telling floats on the stack: mostly bounds of conversions to integers.
    pub fn edge_of_conversion(&mut self, ty: Ty) {
        for _ in 0..2 {
            if ty == Ty::F32 {
                self.code.push(0x43);
                let bits = *self.random.pick(&values::F32_EDGES);
                self.code.extend(bits.to_le_bytes());
            } else {
                self.code.push(0x44);
                let bits = *self.random.pick(&values::F64_EDGES);
                self.code.extend(bits.to_le_bytes());
            }
        }
        match self.local_of(Ty::I32) {
            Some(local) => index(&mut self.code, 0x20, local),
            None => index(&mut self.code, 0x23, self.around.fuel),
        }
        self.code.push(0x1b);
    }

    /// Replaces the divisor on top of the stack by one that seldom traps.
    fn careful_divisor(&mut self, ty: Ty, overflows: bool) {
        if self.random.chance(self.raw) {
            return;
        }
        if self.random.chance(50) {
            // The divisor becomes a constant.
            self.code.push(0x1a);
            loop {
                let value = if !overflows && self.random.chance(8) { -1 } else { values::i64(self.random) };
                if ty == Ty::I32 && value as i32 != 0 && !(overflows && value as i32 == -1) {
                    return i32_const(&mut self.code, value as i32);
                }
                if ty == Ty::I64 && value != 0 && !(overflows && value == -1) {
                    return i64_const(&mut self.code, value);
                }
            }
        }
        if ty == Ty::I32 {
            i32_const(&mut self.code, 0xffff);
            self.code.push(0x71);
            i32_const(&mut self.code, 1);
            self.code.push(0x72);
        } else {
            i64_const(&mut self.code, 0xffff_ffff);
            self.code.push(0x83);
            i64_const(&mut self.code, 1);
            self.code.push(0x84);
        }
    }

    fn load(&mut self, ty: Ty, depth: u32) {
        let around = self.around;
        let candidates: Vec<_> = around.loads.iter().filter(|l| l.ty == ty).collect();
        let load = *self.random.pick(&candidates);
        let memory = self.memory();
        if around.atomics && matches!(ty, Ty::I32 | Ty::I64) && self.random.chance(if around.theme == Theme::Atomics { 70 } else { 25 }) {
            return self.atomic(ty, depth);
        }
        let offset = if self.random.chance(10) { self.edge(memory, 1 << load.log2) } else { self.address(memory, depth, 0) };
        if load.lanes != 0 {
            self.expression(Ty::V128, depth);
        }
        self.code.extend(&load.code);
        let align = self.random.below(u64::from(load.log2) + 1);
        self.memory_argument(memory, align, offset);
        if load.lanes != 0 {
            let lane = self.random.below(u64::from(load.lanes)) as u8;
            self.code.push(lane);
        }
    }

    /// Puts a telling constant on the stack.
    pub fn constant_of(&mut self, ty: Ty) {
        code::constant(&mut self.code, ty, self.random);
    }
}
