//! Makes addresses, mostly inside of a memory: in the forms for which processors have addressing modes, and at the
//! edges of pages and memories.

use super::Maker;
use crate::code::{index, signed, unsigned};
use crate::operators::Ty;

const PAGE: u64 = 65536;

impl Maker<'_> {
    /// Returns the index of a random memory.
    pub fn memory(&mut self) -> u32 {
        self.random.below(self.around.memories.len() as u64) as u32
    }

    /// Writes code for an address in the memory, mostly inside, and returns the offset for the access. `align` is a
    /// mask of the address's bits that must be zero.
    pub fn address(&mut self, memory: u32, depth: u32, align: u64) -> u64 {
        let is_64 = self.around.memories[memory as usize].is_64;
        let ty = if is_64 { Ty::I64 } else { Ty::I32 };
        if align == 0 && self.random.chance(30) {
            // An address that was used before, with the same offset or one near it.
            let candidates: Vec<usize> = (0..self.addresses.len()).filter(|&i| self.addresses[i].0 == memory).collect();
            if !candidates.is_empty() {
                let (_, code, offset) = self.addresses[*self.random.pick(&candidates)].clone();
                self.code.extend(code);
                return (offset + *self.random.pick(&[0, 0, 0, 1, 2, 4, 8, 12])).min(0xffff_ffff);
            }
        }
        let start = self.code.len();
        let and = if is_64 { 0x83 } else { 0x71 };
        let add = if is_64 { 0x7c } else { 0x6a };
        let shift = if is_64 { 0x86 } else { 0x74 };
        let number = |code: &mut Vec<u8>, value: i64| {
            code.push(if is_64 { 0x42 } else { 0x41 });
            signed(code, value);
        };
        let bytes = self.around.memories[memory as usize].bytes;
        let mut offset = *self.random.pick(&[0u64, 0, 0, 4, 8, 16, 1, 3, 128, 2044, 4096, if bytes > PAGE { 65000 } else { 0 }]);
        match self.random.below(20) {
            0..=8 => {
                // (x & mask) << scale, perhaps plus a base
                self.expression(ty, depth);
                let scale = self.random.below(4);
                let mask = *self.random.pick(&[7, 15, 63, 255, 1023]);
                number(&mut self.code, mask);
                self.code.push(and);
                if scale != 0 {
                    number(&mut self.code, scale as i64);
                    self.code.push(shift);
                }
                if self.random.chance(40) {
                    let mask = *self.random.pick(&[0xff8, 0x7ffc, 0x3f]);
                    self.leaf(ty);
                    number(&mut self.code, mask);
                    self.code.push(and);
                    self.code.push(add);
                }
            }
            9..=13 => {
                self.expression(ty, depth);
                let mask = *self.random.pick(&[0xffff, 0xfff8, 0xff, 0x1f8, 0xfffc, 0x3fff]);
                number(&mut self.code, mask);
                self.code.push(and);
                if self.random.chance(40) {
                    let more = *self.random.pick(&[-8i64, -1, 1, 4, 16, 24, 100, if bytes > PAGE { 1 << 15 } else { 2 }]);
                    if more < 0 && !self.random.chance(self.raw) {
                        number(&mut self.code, 8);
                        self.code.push(and + 1); // or
                    }
                    number(&mut self.code, more);
                    self.code.push(add);
                }
            }
            14..=16 => {
                // The scaled counter of a loop.
                let counters: Vec<u32> = self.counters.iter().filter(|(_, t)| *t == ty).map(|(local, _)| *local).collect();
                if counters.is_empty() {
                    number(&mut self.code, 64);
                } else {
                    let local = *self.random.pick(&counters);
                    index(&mut self.code, 0x20, local);
                    let scale = self.random.below(5) as i64;
                    number(&mut self.code, scale);
                    self.code.push(shift);
                    if self.random.chance(95) {
                        let base = 64 + self.random.below(2000) as i64;
                        number(&mut self.code, base);
                        self.code.push(add);
                    }
                }
            }
            17 | 18 => {
                // A constant address, which may be at the end of the memory.
                let place = match self.random.below(3) {
                    0 => self.random.below(256),
                    1 => self.random.below(PAGE),
                    // The largest access, or a smaller one, ends at the memory's end, and now and then beyond it.
                    _ if self.random.chance(90) => bytes - 16 - 4 * self.random.below(2) * self.random.below(6),
                    _ => bytes - self.random.below(40),
                };
                number(&mut self.code, place as i64);
                offset = if place + 32 < bytes { *self.random.pick(&[0, 0, 0, 1, 8]) } else { 0 };
            }
            _ => {
                if self.random.chance(self.raw * 2) {
                    self.expression(ty, depth);
                    if self.random.chance(10) {
                        offset = *self.random.pick(&[0xffff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff, 0x1_0000]);
                    }
                } else {
                    number(&mut self.code, 300);
                }
            }
        }
        if align != 0 {
            if !self.random.chance(self.raw) {
                number(&mut self.code, !(align as i64));
                self.code.push(and);
                offset &= !align;
            }
        } else if self.code.len() - start < 60 {
            let code = self.code[start..].to_vec();
            let place = self.random.below(8) as usize;
            if self.addresses.len() < 8 {
                self.addresses.push((memory, code, offset));
            } else {
                self.addresses[place] = (memory, code, offset);
            }
        }
        offset
    }

    /// Writes the immediates of an access. `align` is the logarithm of the alignment.
    pub fn memory_argument(&mut self, memory: u32, align: u64, offset: u64) {
        if memory != 0 {
            unsigned(&mut self.code, align | 0x40);
            unsigned(&mut self.code, u64::from(memory));
        } else {
            unsigned(&mut self.code, align);
        }
        unsigned(&mut self.code, offset);
    }

    /// Writes code for an address at which an access of `size` bytes ends at the memory's end, or crosses a boundary of
    /// pages. Returns the offset for the access.
    pub fn edge(&mut self, memory: u32, size: u64) -> u64 {
        let (is_64, bytes) = (self.around.memories[memory as usize].is_64, self.around.memories[memory as usize].bytes);
        let offset = *self.random.pick(&[0, 0, 1, 4, 100, 4000]);
        let mut place = || {
            let within = self.random.below(size);
            let place = match self.random.below(4) {
                0 | 1 => bytes - size,
                2 if bytes > 2 * 65536 => 65536 - within,
                _ => 4096 * (1 + self.random.below(15)) - within,
            };
            (place - offset.min(place)) as i64
        };
        let (one, other) = (place(), place());
        self.number_of(is_64, one);
        if self.random.chance(60) {
            self.number_of(is_64, other);
            self.leaf(Ty::I32);
            self.code.push(0x1b);
        }
        offset
    }
}
