//! Tables besides the one through which calls go: one of functions, perhaps with 64-bit indices, and one of structures.
//! They have eight entries or more, so that ranges of at most three entries are inside if they begin at an index below
//! four.

use wasm_encoder::{ConstExpr, ElementSection, Elements, HeapType, RefType, TableSection, TableType};

use super::objects::DERIVED;
use super::{Maker, Surroundings};
use crate::code::{i32_const, index, unsigned};
use crate::operators::Ty;

// Numbers of the tables: the one through which calls go, the other one of functions, the one of structures.
pub const CALLED: u32 = 0;
pub const FUNCTIONS: u32 = 1;
pub const STRUCTURES: u32 = 2;
// Numbers of element segments. Segment 0 is for the table CALLED, and GONE_SEGMENT may have been dropped.
pub const FUNCTION_SEGMENT: u32 = 1;
pub const GONE_SEGMENT: u32 = 2;
pub const STRUCTURE_SEGMENT: u32 = 3;
pub const SEGMENT_SIZE: u32 = 8; // number of functions in segments 1 and 2

/// Makes the tables and the element segments.
pub fn declare(around: &Surroundings) -> (TableSection, ElementSection) {
    let mut tables = TableSection::new();
    let structures = RefType { nullable: true, heap_type: HeapType::Concrete(0) };
    let mut table = |element_type, minimum, maximum, table64| {
        tables.table(TableType { element_type, minimum, maximum: Some(maximum), table64, shared: false });
    };
    if !around.imports.table {
        table(RefType::FUNCREF, 8, 8, false);
    }
    table(RefType::FUNCREF, 8, 12, around.table64);
    if around.objects {
        table(structures, 8, 14, false);
    }
    let mut elements = ElementSection::new();
    let functions = around.signatures.len() as u32;
    let some: Vec<u32> = (0..SEGMENT_SIZE).map(|number| number % functions).collect();
    elements.active(Some(CALLED), &ConstExpr::i32_const(0), Elements::Functions(around.table.as_slice().into()));
    elements.passive(Elements::Functions(some.as_slice().into()));
    elements.passive(Elements::Functions(some.as_slice().into()));
    if around.objects {
        let entry = |number| {
            if number % 3 == 0 { ConstExpr::ref_null(HeapType::Concrete(0)) } else { ConstExpr::raw([0xfb, 1, (number % (DERIVED + 1)) as u8]) }
        };
        // The segment is long enough for eight entries from each of the starts 0 to 3.
        let all: Vec<ConstExpr> = (0..SEGMENT_SIZE + 4).map(entry).collect();
        elements.passive(Elements::Expressions(structures, all.into()));
    }
    (tables, elements)
}

impl Maker<'_> {
    /// Returns the number of a random table, and whether its indices have 64 bits.
    fn table(&mut self) -> (u32, bool) {
        if self.around.objects && self.random.chance(50) { (STRUCTURES, false) } else { (FUNCTIONS, self.around.table64) }
    }

    /// Puts an index on the stack. It is at most `mask`, except in functions that may trap.
    fn place(&mut self, is_64: bool, mask: i64) {
        let ty = if is_64 { Ty::I64 } else { Ty::I32 };
        if self.random.chance(40) {
            let place = self.random.below(mask as u64 + 1) as i64;
            return self.number_of(is_64, place);
        }
        self.expression(ty, 1);
        if !self.random.chance(self.raw) {
            self.number_of(is_64, mask);
            self.code.push(if is_64 { 0x83 } else { 0x71 });
        }
    }

    /// Puts a value for an entry of the table on the stack.
    fn entry(&mut self, table: u32) {
        if table == STRUCTURES {
            return self.expression(Ty::Base, 1);
        }
        if self.random.chance(20) {
            return self.code.extend([0xd0, 0x70]);
        }
        if self.random.chance(30) {
            let from = if self.around.table64 { CALLED } else { FUNCTIONS };
            self.place(false, 3);
            return index(&mut self.code, 0x25, from);
        }
        let function = self.random.below(self.around.signatures.len() as u64) as u32;
        index(&mut self.code, 0xd2, function);
    }

    /// Writes the instruction with the prefix 0xfc and this opcode. `operands` are its immediates.
    fn bulk_of_table(&mut self, opcode: u8, operands: &[u32]) {
        self.code.extend([0xfc, opcode]);
        operands.iter().for_each(|operand| unsigned(&mut self.code, u64::from(*operand)));
    }

    /// Writes a random statement about a table.
    pub fn table_statement(&mut self) {
        let (table, is_64) = self.table();
        let ty = if is_64 { Ty::I64 } else { Ty::I32 };
        match self.random.below(21) {
            20 => {
                // The table through which calls go may grow, which changes none of its entries.
                let Some(local) = self.local_of(Ty::I32) else { return };
                if self.random.chance(50) {
                    self.code.extend([0xd0, 0x70]);
                    self.number_of(false, 1);
                    self.bulk_of_table(15, &[CALLED]);
                } else {
                    self.bulk_of_table(16, &[CALLED]);
                }
                index(&mut self.code, 0x21, local);
            }
            0..=2 => {
                self.place(is_64, 3);
                self.entry(table);
                index(&mut self.code, 0x26, table);
            }
            3 | 4 => {
                let Some(local) = self.local_of(if table == STRUCTURES { Ty::Base } else { Ty::I32 }) else { return };
                self.place(is_64, 3);
                index(&mut self.code, 0x25, table);
                if table != STRUCTURES {
                    self.code.push(0xd1);
                }
                index(&mut self.code, 0x21, local);
            }
            5..=7 => {
                // A copy within a table, often overlapping, or from the other table of functions.
                let from = if table == FUNCTIONS && self.random.chance(30) { CALLED } else { table };
                let from_64 = is_64 && from == table;
                self.place(is_64, 3);
                self.place(from_64, 3);
                self.place(is_64 && from_64, 3);
                self.bulk_of_table(14, &[table, from]);
            }
            8 | 9 => {
                self.place(is_64, 3);
                self.entry(table);
                self.place(is_64, 3);
                self.bulk_of_table(17, &[table]);
            }
            10 | 11 => {
                self.place(is_64, 3);
                self.place(false, 3);
                self.place(false, 3);
                self.bulk_of_table(12, &[if table == STRUCTURES { STRUCTURE_SEGMENT } else { FUNCTION_SEGMENT }, table]);
            }
            12 => {
                if self.random.chance(80) {
                    self.bulk_of_table(13, &[GONE_SEGMENT]);
                }
                self.number_of(self.around.table64, 1);
                i32_const(&mut self.code, 0);
                let count = i32::from(self.random.chance(self.raw));
                i32_const(&mut self.code, count);
                self.bulk_of_table(12, &[GONE_SEGMENT, FUNCTIONS]);
            }
            13..=15 => {
                let Some(local) = self.local_of(ty) else { return };
                self.entry(table);
                let delta = *self.random.pick(&[0, 1, 1, 2, 3, 100, -1]);
                self.number_of(is_64, delta);
                self.bulk_of_table(15, &[table]);
                index(&mut self.code, 0x21, local);
            }
            16 => {
                let Some(local) = self.local_of(ty) else { return };
                self.bulk_of_table(16, &[table]);
                index(&mut self.code, 0x21, local);
            }
            _ => self.call_through_table(),
        }
    }

    /// Calls a function in the table FUNCTIONS, if it has the right type.
    fn call_through_table(&mut self) {
        let callee = self.random.below(self.around.signatures.len() as u64) as u32;
        let ty = self.around.first_type + callee;
        let is_64 = self.around.table64;
        let place = self.random.below(4) as i64;
        let get = |maker: &mut Self| {
            maker.number_of(is_64, place);
            index(&mut maker.code, 0x25, FUNCTIONS);
        };
        self.code.extend([0x02, 0x40]);
        self.labels.push(true);
        let raw = self.random.chance(self.raw);
        if !raw {
            get(self);
            if self.around.objects {
                // A test of the type, which other functions of the same type pass, too.
                self.gc(0x14, &[ty]);
                self.code.push(0x45);
            } else {
                self.code.push(0xd1);
            }
            index(&mut self.code, 0x0d, 0);
        }
        if raw || self.around.objects || self.around.signatures.len() == 1 {
            self.arguments(callee);
            if self.around.objects && self.random.chance(50) {
                // The arguments may have changed the table.
                get(self);
                self.gc(0x14, &[ty]);
                self.code.extend([0x04, 0x40, 0x05]);
                self.values();
                self.code.extend([0x0f, 0x0b]);
                get(self);
                self.gc(0x16, &[ty]);
                index(&mut self.code, 0x14, ty);
            } else {
                self.number_of(is_64, place);
                index(&mut self.code, 0x11, ty);
                unsigned(&mut self.code, u64::from(FUNCTIONS));
            }
            self.keep_results(callee);
        }
        self.labels.pop();
        self.code.push(0x0b);
    }

    /// Puts an entry of the table of structures on the stack.
    pub fn table_reference(&mut self) {
        self.place(false, 3);
        index(&mut self.code, 0x25, STRUCTURES);
    }
}
