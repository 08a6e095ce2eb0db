//! Statements of a function: code that leaves the stack unchanged.

use super::{Maker, Theme};
use crate::code::{i32_const, index, signed, unsigned};
use crate::operators::Ty;

impl Maker<'_> {
    /// Fuel bounds the number of calls: each call takes one from the global `fuel`, and a function that finds none left
    /// returns at once.
    pub fn spend_fuel(&mut self) {
        let fuel = self.around.fuel;
        index(&mut self.code, 0x23, fuel);
        i32_const(&mut self.code, 1);
        self.code.push(0x6b);
        index(&mut self.code, 0x24, fuel);
        index(&mut self.code, 0x23, fuel);
        i32_const(&mut self.code, 0);
        self.code.push(0x48);
        self.code.extend([0x04, 0x40]);
        for ty in self.results.clone() {
            self.constant_of(ty);
        }
        self.code.extend([0x0f, 0x0b]);
    }

    /// Writes the end of the function: a tail call, or the function's results.
    pub fn finish(&mut self) {
        if self.random.chance(20) && self.tail_call() {
            return self.code.push(0x0b);
        }
        self.values();
        self.code.push(0x0b);
    }

    /// Puts the function's results on the stack.
    pub fn values(&mut self) {
        for ty in self.results.clone() {
            self.expression(ty, 3);
        }
    }

    /// Writes at least one statement and at most `count`.
    pub fn body(&mut self, count: u64) {
        for _ in 0..1 + self.random.below(count) {
            self.statement();
        }
    }

    /// Writes a random statement: an assignment if the budget is used up or blocks are nested deep.
    pub fn statement(&mut self) {
        self.budget -= 2;
        if self.budget < -100 || self.labels.len() > 6 {
            return self.assignment();
        }
        if self.random.chance(30) {
            match self.around.theme {
                Theme::Objects => return self.object_statement(),
                Theme::Tables => return self.table_statement(),
                Theme::Exceptions => return self.try_statement(),
                Theme::Atomics => return self.atomic_statement(),
                Theme::Wide => return self.wide_arithmetic(),
                Theme::Bulk if self.random.chance(30) => return self.far(),
                Theme::Bulk => return self.bulk(),
                Theme::Calls => return self.call(),
                Theme::Arithmetic | Theme::Vectors => return self.battery(),
            }
        }
        if self.around.objects && self.random.chance(15) {
            return self.object_statement();
        }
        match self.random.below(100) {
            0..=29 => self.assignment(),
            30..=43 => self.store(),
            44..=47 => self.overlap(),
            48..=53 => self.global(),
            54..=63 => self.if_statement(),
            64..=72 => self.loop_statement(),
            73..=77 => self.block_statement(),
            78..=81 => self.switch(),
            82..=88 => self.call(),
            89..=91 => self.bulk(),
            92..=93 => self.early_return(),
            94..=96 => self.try_statement(),
            97 => match self.random.below(5) {
                0 => self.wide_arithmetic(),
                1 => self.atomic_statement(),
                2 => self.far(),
                _ => self.table_statement(),
            },
            98 if self.random.chance(14) => self.crowd(),
            98 if self.random.chance(2) => {
                let count = 400 + self.random.below(1200) as i32;
                self.many_blocks(count);
            }
            98 if self.random.chance(40) => self.change_in_place(),
            98 if self.random.chance(70) => self.far(),
            98 => self.two_stores(),
            99 if self.random.chance(50) => self.overlap(),
            _ => self.sizes(),
        }
    }

    /// Writes a sequence of random operators, whose operands are locals, globals and constants.
    fn battery(&mut self) {
        let around = self.around;
        for _ in 0..4 + self.random.below(12) {
            let operator = &around.operators[self.random.below(around.operators.len() as u64) as usize];
            if self.local_of(operator.result).is_none() {
                continue;
            }
            self.apply(operator, 0);
            self.into_local(operator.result);
        }
    }

    /// Returns a random local of the type, if there is one.
    pub fn local_of(&mut self, ty: Ty) -> Option<u32> {
        let locals: Vec<u32> = (0..self.locals.len() as u32).filter(|i| self.locals[*i as usize] == ty).collect();
        if locals.is_empty() { None } else { Some(*self.random.pick(&locals)) }
    }

    /// Stores the value of an expression to a random local.
    pub fn assignment(&mut self) {
        if self.locals.is_empty() {
            return;
        }
        let local = self.random.below(self.locals.len() as u64) as u32;
        let depth = 2 + self.random.below(3) as u32;
        self.expression(self.locals[local as usize], depth);
        index(&mut self.code, 0x21, local);
    }

    fn store(&mut self) {
        let around = self.around;
        let store = &around.stores[self.random.below(around.stores.len() as u64) as usize];
        let memory = self.memory();
        let offset = if self.random.chance(10) { self.edge(memory, 1 << store.log2) } else { self.address(memory, 2, 0) };
        if self.random.chance(15) && store.lanes == 0 {
            self.leaf(store.ty);
        } else {
            self.expression(store.ty, 3);
        }
        self.code.extend(&store.code);
        let align = self.random.below(u64::from(store.log2) + 1);
        self.memory_argument(memory, align, offset);
        if store.lanes != 0 {
            let lane = self.random.below(u64::from(store.lanes)) as u8;
            self.code.push(lane);
        }
    }

    /// Stores to two places that may be the same, and loads from a third one.
    fn two_stores(&mut self) {
        let memory = self.memory();
        let Some(local) = self.local_of(Ty::I32) else { return };
        let first = self.address(memory, 1, 0);
        self.expression(Ty::I32, 2);
        self.code.push(0x36);
        self.memory_argument(memory, 0, first);
        let second = self.address(memory, 1, 0);
        self.expression(Ty::I64, 1);
        self.code.push(0x37);
        self.memory_argument(memory, 0, second);
        let third = self.address(memory, 1, 0);
        self.code.push(0x28);
        self.memory_argument(memory, 0, third);
        index(&mut self.code, 0x21, local);
    }

    /// Loads from the same address twice; a store in between goes to this address or near it.
    fn overlap(&mut self) {
        let around = self.around;
        let scratch = self.code.len();
        let memory = self.memory();
        let offset = self.address(memory, 1, 0);
        let address: Vec<u8> = self.code.drain(scratch..).collect();
        let load = &around.loads[self.random.below(14) as usize];
        let store = &around.stores[self.random.below(9) as usize];
        for round in 0..2 {
            self.code.extend(&address);
            self.code.extend(&load.code);
            self.memory_argument(memory, 0, offset);
            match self.local_of(load.ty) {
                Some(local) => index(&mut self.code, 0x21, local),
                None => self.code.push(0x1a),
            }
            if round == 0 {
                self.code.extend(&address);
                self.expression(store.ty, 2);
                self.code.extend(&store.code);
                let beside = *self.random.pick(&[0, 0, 0, 1, 2, 4, 8]);
                self.memory_argument(memory, 0, (offset + beside).min(0xffff_ffff));
            }
        }
    }

    fn global(&mut self) {
        let globals: Vec<u32> =
            (0..self.around.globals.len() as u32).filter(|i| self.around.globals[*i as usize].1).collect();
        if globals.is_empty() {
            return self.assignment();
        }
        let global = *self.random.pick(&globals);
        self.expression(self.around.globals[global as usize].0, 3);
        index(&mut self.code, 0x24, global);
    }

    fn if_statement(&mut self) {
        self.condition(2);
        self.code.extend([0x04, 0x40]);
        self.labels.push(true);
        self.body(3);
        if self.random.chance(50) {
            self.code.push(0x05);
            self.body(3);
        }
        self.labels.pop();
        self.code.push(0x0b);
    }

    /// Writes a loop that counts a local down to zero, or up in steps to a bound.
    fn loop_statement(&mut self) {
        if self.loops >= 2 {
            return self.if_statement();
        }
        let Some((counter, ty)) = self.free_counters.pop() else { return self.store() };
        self.loops += 1;
        let is_64 = ty == Ty::I64;
        let number = |code: &mut Vec<u8>, value: i64| {
            code.push(if is_64 { 0x42 } else { 0x41 });
            signed(code, value);
        };
        let rounds = 1 + self.random.below(6) as i64;
        let step = *self.random.pick(&[-1i64, -1, 1, 1, 2, 4, 8]);
        let start = if step < 0 { rounds } else { *self.random.pick(&[0, 0, 1, 16, -4]) };
        let end = if step < 0 { 0 } else { start + step * rounds };
        number(&mut self.code, start);
        index(&mut self.code, 0x21, counter);
        let zero_test = self.random.chance(40);
        self.code.extend([0x02, 0x40]);
        self.labels.push(true);
        self.code.extend([0x03, 0x40]);
        self.labels.push(false); // statements do not branch to it, because the loop might not end
        self.counters.push((counter, ty));
        if zero_test {
            // while (i != end)
            index(&mut self.code, 0x20, counter);
            number(&mut self.code, end);
            self.code.push(if is_64 { 0x51 } else { 0x46 });
            index(&mut self.code, 0x0d, 1);
        }
        self.body(4);
        index(&mut self.code, 0x20, counter);
        number(&mut self.code, step);
        self.code.push(if is_64 { 0x7c } else { 0x6a });
        if zero_test {
            index(&mut self.code, 0x21, counter);
            index(&mut self.code, 0x0c, 0);
        } else {
            index(&mut self.code, 0x22, counter);
            number(&mut self.code, end);
            let compare = match (step < 0, self.random.below(3)) {
                (_, 0) => 1,                          // ne
                (true, 1) if start >= 0 => 5,         // gt_u
                (true, _) => 4,                       // gt_s
                (false, 1) if start >= 0 => 3,        // lt_u
                (false, _) => 2,                      // lt_s
            };
            self.code.push(if is_64 { 0x51 } else { 0x46 } + compare);
            index(&mut self.code, 0x0d, 0);
        }
        self.counters.pop();
        self.labels.pop();
        self.labels.pop();
        self.code.extend([0x0b, 0x0b]);
        self.loops -= 1;
        self.free_counters.push((counter, ty));
    }

    /// Returns a random label that statements may branch to, if there is one, counted from the innermost.
    fn some_label(&mut self) -> Option<u32> {
        let labels: Vec<usize> = (0..self.labels.len()).filter(|&i| self.labels[i]).collect();
        if labels.is_empty() { None } else { Some((self.labels.len() - 1 - *self.random.pick(&labels)) as u32) }
    }

    /// Writes a block with a branch in it.
    pub fn block_statement(&mut self) {
        self.code.extend([0x02, 0x40]);
        self.labels.push(true);
        self.body(2);
        if let Some(label) = self.some_label() {
            self.condition(2);
            index(&mut self.code, 0x0d, label);
        }
        self.body(2);
        self.labels.pop();
        self.code.push(0x0b);
    }

    /// Writes nested blocks, and a `br_table` in the innermost one that leaves some of them.
    fn switch(&mut self) {
        let most = if self.random.chance(20) { 8 } else { 4 };
        let count = 2 + self.random.below(most) as usize;
        for _ in 0..count {
            self.code.extend([0x02, 0x40]);
            self.labels.push(true);
        }
        self.expression(Ty::I32, 2);
        if self.random.chance(80) {
            let mask = *self.random.pick(&[3, 7, 15]);
            i32_const(&mut self.code, mask);
            self.code.push(0x71);
        }
        self.code.push(0x0e);
        let cases = 1 + self.random.below(12);
        unsigned(&mut self.code, cases);
        let only = self.random.chance(8).then(|| self.random.below(count as u64));
        for _ in 0..=cases {
            let label = only.unwrap_or(self.random.below(count as u64));
            unsigned(&mut self.code, label);
        }
        for _ in 0..count {
            self.labels.pop();
            self.code.push(0x0b);
            if self.budget > -50 {
                self.body(2);
            }
            if self.random.chance(30) {
                if let Some(label) = self.some_label() {
                    self.condition(1);
                    index(&mut self.code, 0x0d, label);
                }
            }
        }
    }

    /// Puts arguments for function `callee` on the stack.
    pub fn arguments(&mut self, callee: u32) {
        for ty in self.around.signatures[callee as usize].parameters.clone() {
            self.expression(ty, 2);
        }
    }

    /// Writes the instruction of a call or tail call. The arguments are on the stack.
    fn call_code(&mut self, callee: u32, tail: bool) {
        let tail = u8::from(tail);
        let ty = self.around.first_type + callee;
        match self.random.below(4) {
            0 => {
                let places: Vec<i32> =
                    (0..self.around.table.len() as i32).filter(|i| self.around.table[*i as usize] == callee).collect();
                if places.is_empty() {
                    return index(&mut self.code, 0x10 + 2 * tail, callee);
                }
                let place = *self.random.pick(&places);
                i32_const(&mut self.code, place);
                if self.random.chance(3) {
                    self.code.push(0x1a);
                    self.expression(Ty::I32, 1);
                }
                index(&mut self.code, 0x11 + 2 * tail, ty);
                self.code.push(0);
            }
            1 if self.random.chance(40) => {
                index(&mut self.code, 0xd2, callee);
                index(&mut self.code, 0x14 + tail, ty);
            }
            _ => index(&mut self.code, 0x10 + 2 * tail, callee),
        }
    }

    /// Calls a random function.
    pub fn call(&mut self) {
        let callee = self.random.below(self.around.signatures.len() as u64) as u32;
        self.arguments(callee);
        self.call_code(callee, false);
        self.keep_results(callee);
    }

    /// Moves the results of function `callee` from the stack to locals, or drops them.
    pub fn keep_results(&mut self, callee: u32) {
        for ty in self.around.signatures[callee as usize].results.clone().into_iter().rev() {
            match self.local_of(ty) {
                Some(local) if self.random.chance(85) => index(&mut self.code, 0x21, local),
                _ => self.code.push(0x1a),
            }
        }
    }

    /// Writes a tail call. Returns false, having written nothing, if no function has the same results.
    fn tail_call(&mut self) -> bool {
        let callees: Vec<u32> = (0..self.around.signatures.len() as u32)
            .filter(|i| self.around.signatures[*i as usize].results == self.results)
            .collect();
        if callees.is_empty() {
            return false;
        }
        let callee = *self.random.pick(&callees);
        self.arguments(callee);
        self.call_code(callee, true);
        true
    }

    fn early_return(&mut self) {
        self.condition(2);
        self.code.extend([0x04, 0x40]);
        self.labels.push(false);
        if !(self.random.chance(30) && self.tail_call()) {
            self.values();
            self.code.push(0x0f);
        }
        self.labels.pop();
        self.code.push(0x0b);
    }
}
