//! Encodes instructions: writes their bytes to a vector. In all files of the generator, numbers such as 0x41 that are
//! written to code are opcodes of the binary format ([wasm 5.4]).

use crate::operators::Ty;
use crate::random::Random;
use crate::values;

/// Writes an unsigned LEB128 number.
pub fn unsigned(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        out.push(if value != 0 { low | 0x80 } else { low });
        if value == 0 {
            return;
        }
    }
}

/// Writes a signed LEB128 number.
pub fn signed(out: &mut Vec<u8>, mut value: i64) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        let done = (value == 0 && low & 0x40 == 0) || (value == -1 && low & 0x40 != 0);
        out.push(if done { low } else { low | 0x80 });
        if done {
            return;
        }
    }
}

/// Writes the instruction `i32.const`.
pub fn i32_const(out: &mut Vec<u8>, value: i32) {
    out.push(0x41);
    signed(out, i64::from(value));
}

/// Writes the instruction `i64.const`.
pub fn i64_const(out: &mut Vec<u8>, value: i64) {
    out.push(0x42);
    signed(out, value);
}

/// Writes an instruction that gives a telling constant (values.rs); for references, null.
pub fn constant(out: &mut Vec<u8>, ty: Ty, random: &mut Random) {
    match ty {
        Ty::I32 => i32_const(out, values::i32(random)),
        Ty::I64 => i64_const(out, values::i64(random)),
        Ty::F32 => {
            out.push(0x43);
            out.extend(values::f32_bits(random).to_le_bytes());
        }
        Ty::F64 => {
            out.push(0x44);
            out.extend(values::f64_bits(random).to_le_bytes());
        }
        Ty::V128 => {
            out.extend([0xfd, 0x0c]);
            out.extend(values::v128_bits(random).to_le_bytes());
        }
        Ty::Base => out.extend([0xd0, 0]),
        Ty::Any => out.extend([0xd0, 0x6e]),
    }
}

/// Writes an instruction whose immediate is an index.
pub fn index(out: &mut Vec<u8>, opcode: u8, number: u32) {
    out.push(opcode);
    unsigned(out, u64::from(number));
}
