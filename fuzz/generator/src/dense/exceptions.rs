//! Exceptions in either encoding: bodies that throw, or call functions that throw, and handlers that keep the
//! exception's values, throw it again, or do not catch it.

use super::Maker;
use crate::code::{index, signed, unsigned};
use crate::operators::Ty;

impl Maker<'_> {
    /// Returns the index of a random tag.
    fn some_tag(&mut self) -> u32 {
        self.random.below(self.around.tags.len() as u64) as u32
    }

    /// Throws under a condition, or calls a function that may throw.
    fn thrower(&mut self) {
        if self.random.chance(70) {
            let thrown = self.some_tag();
            self.condition(2);
            self.code.extend([0x04, 0x40]);
            self.labels.push(false);
            for ty in self.around.tags[thrown as usize].clone() {
                self.expression(ty, 2);
            }
            index(&mut self.code, 0x08, thrown);
            self.labels.pop();
            self.code.push(0x0b);
        } else {
            self.call();
        }
    }

    /// Moves the values of an exception from the stack to locals.
    fn keep_payload(&mut self, tag: u32) {
        for ty in self.around.tags[tag as usize].clone().into_iter().rev() {
            self.into_local(ty);
        }
    }

    /// Opens a block that gives the values of an exception with `tag`, and, if `reference`, a reference to the
    /// exception.
    fn open_payload(&mut self, tag: u32, reference: bool) {
        let payload = self.around.tags[tag as usize].clone();
        self.code.push(0x02);
        match (&payload[..], reference) {
            ([], false) => self.code.push(0x40),
            ([], true) => self.code.push(0x69),
            ([one], false) => self.code.extend(one.bytes()),
            _ => {
                let ty = self.around.payload_type(tag, reference);
                signed(&mut self.code, i64::from(ty));
            }
        }
        self.labels.push(false);
    }

    /// Throws the exception in the function's local for exceptions again, under a condition.
    fn throw_again(&mut self) {
        if self.random.chance(60) {
            self.condition(1);
            self.code.extend([0x04, 0x40]);
            index(&mut self.code, 0x20, self.exception);
            self.code.extend([0x0a, 0x0b]);
        }
    }

    /// Writes a body that may throw, and handlers.
    pub fn try_statement(&mut self) {
        if !self.around.exceptions {
            return self.block_statement();
        }
        if self.around.legacy {
            return self.legacy_statement();
        }
        let tag = self.some_tag();
        let reference = self.random.chance(35);
        let all = self.random.chance(60);
        let all_reference = all && self.random.chance(50);
        // block (outer) block (catch_all) block (payload) try_table ... end br 2 end ... br 1 end ... end
        self.code.extend([0x02, 0x40]);
        self.labels.push(true);
        self.code.extend([0x02, if all_reference { 0x69 } else { 0x40 }]);
        self.labels.push(!all_reference);
        self.open_payload(tag, reference);
        self.code.extend([0x1f, 0x40]);
        let second = Some(self.some_tag()).filter(|tag| self.around.tags[*tag as usize].is_empty());
        unsigned(&mut self.code, 1 + u64::from(second.is_some()) + u64::from(all));
        for (kind, tag, label) in [(u8::from(reference), Some(tag), 0), (0, second, 2)] {
            if let Some(tag) = tag {
                index(&mut self.code, kind, tag);
                self.code.push(label);
            }
        }
        if all {
            self.code.extend([2 + u8::from(all_reference), 1]);
        }
        self.labels.push(false);
        self.body(2);
        self.thrower();
        self.body(1);
        self.labels.pop();
        self.code.push(0x0b);
        index(&mut self.code, 0x0c, 2);
        self.labels.pop();
        self.code.push(0x0b);
        if reference {
            index(&mut self.code, 0x21, self.exception);
        }
        self.keep_payload(tag);
        if reference {
            self.throw_again();
        }
        index(&mut self.code, 0x0c, 1);
        self.labels.pop();
        self.code.push(0x0b);
        if all_reference {
            index(&mut self.code, 0x21, self.exception);
            self.body(1);
            self.throw_again();
        }
        self.labels.pop();
        self.code.push(0x0b);
    }

    /// Throws the caught exception again, under a condition, in the older encoding.
    fn rethrow(&mut self) {
        if self.random.chance(60) {
            self.condition(1);
            self.code.extend([0x04, 0x40, 0x09, 1, 0x0b]);
        }
    }

    /// Writes a body that may throw, and handlers, in the older encoding.
    fn legacy_statement(&mut self) {
        self.code.extend([0x06, 0x40]);
        self.labels.push(true);
        self.body(2);
        self.thrower();
        self.body(1);
        if self.random.chance(20) {
            // Delegates exceptions to a surrounding block or to the caller.
            self.labels.pop();
            let outside = self.random.below(self.labels.len() as u64 + 1) as u32;
            return index(&mut self.code, 0x18, outside);
        }
        for _ in 0..self.random.below(3) {
            let tag = self.some_tag();
            index(&mut self.code, 0x07, tag);
            self.keep_payload(tag);
            self.body(1);
            self.rethrow();
        }
        if self.random.chance(60) {
            self.code.push(0x19);
            self.body(1);
            self.rethrow();
        }
        self.labels.pop();
        self.code.push(0x0b);
    }

    /// Puts a value on the stack, from a body that may throw, or from the handler.
    pub fn attempt(&mut self, ty: Ty, depth: u32) {
        if !self.around.exceptions {
            return self.leaf(ty);
        }
        let tag = self.some_tag();
        if self.around.legacy {
            self.code.push(0x06);
            self.code.extend(ty.bytes());
            self.labels.push(false);
            self.expression(ty, depth);
            self.thrower();
            if self.random.chance(50) {
                index(&mut self.code, 0x07, tag);
                self.keep_payload(tag);
            } else {
                self.code.push(0x19);
            }
            self.leaf(ty);
            self.labels.pop();
            return self.code.push(0x0b);
        }
        self.code.push(0x02);
        self.code.extend(ty.bytes());
        self.labels.push(false);
        self.open_payload(tag, false);
        self.code.push(0x1f);
        self.code.extend(ty.bytes());
        self.code.extend([1, 0]);
        unsigned(&mut self.code, u64::from(tag));
        self.code.push(0);
        self.labels.push(false);
        self.expression(ty, depth);
        self.thrower();
        self.labels.pop();
        self.code.push(0x0b);
        index(&mut self.code, 0x0c, 1);
        self.labels.pop();
        self.code.push(0x0b);
        self.keep_payload(tag);
        self.leaf(ty);
        self.labels.pop();
        self.code.push(0x0b);
    }
}
