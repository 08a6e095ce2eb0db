//! Patterns of vector code in programs: shuffles for which processors have instructions, choices by comparisons, and
//! scalars in every lane.

use super::Maker;
use crate::code::{constant, unsigned};
use crate::operators::Ty;

impl Maker<'_> {
    fn shuffle(&mut self, lanes: &[u8; 16]) {
        self.code.extend([0xfd, 0x0d]);
        self.code.extend(lanes);
    }

    /// Puts a vector on the stack, from one of the patterns.
    pub fn vector_idiom(&mut self, depth: u32) {
        let x = self.variable(Ty::V128);
        let same = self.random.chance(40);
        let units = |size: u8, lanes: &[u8]| -> [u8; 16] { std::array::from_fn(|i| lanes[i / size as usize] * size + i as u8 % size) };
        match self.random.below(8) {
            0 | 1 => {
                // Moves 16-bit words within the halves of the first operand.
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
                // Takes two lanes of each operand.
                let lanes: Vec<u8> = (0..4).map(|i| self.random.below(4) as u8 + if (i < 2) == same { 4 } else { 0 }).collect();
                self.code.extend(&x);
                self.expression(Ty::V128, depth);
                self.shuffle(&units(4, &lanes));
            }
            3 => {
                // A blend: each lane stays in its place and comes from either operand.
                let size = *self.random.pick(&[1, 2, 2, 4, 8]);
                let count = 16 / size;
                let lanes: Vec<u8> = (0..count).map(|i| i + count * self.random.below(2) as u8).collect();
                self.code.extend(&x);
                self.expression(Ty::V128, depth);
                self.shuffle(&units(size, &lanes));
            }
            4 => {
                // One lane in all places, interleaved lanes, or a rotation.
                let size = *self.random.pick(&[1u8, 2, 4, 8]);
                let count = 16 / size;
                let first = self.random.below(u64::from(count)) as u8;
                let lanes: Vec<u8> = match self.random.below(3) {
                    0 => (0..count).map(|_| first).collect(),
                    1 => (0..count).map(|i| i / 2 + (i % 2) * count + if same { count / 2 } else { 0 }).collect(),
                    _ => (0..count).map(|i| (i + first) % count).collect(),
                };
                // The same shuffle is made twice.
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
                // A choice of lanes by a comparison.
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
                // The second operand has a scalar in every lane, or is a constant.
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
                // A lane is extracted and replaces another lane.
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
}
