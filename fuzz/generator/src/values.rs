//! Telling values, for which wrong code is likely to give wrong results: bounds of integers, powers of two and their
//! neighbours, shift counts, NaNs with payloads, infinities, zeros of both signs, subnormal numbers, bounds of
//! conversions.

use crate::random::Random;

const SMALL: &[i64] = &[
    0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 15, 16, 24, 31, 32, 33, 63, 64, 65, 100, 127, 128, 129, 255, 256, 641, 1000, 4095,
    4096, 32767, 32768, 65535, 65536, 0x7ff_ffff, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000,
    0x7fff_ffff_ffff_ffff, i64::MIN, 0x5555_5555_5555_5555, 0x0123_4567_89ab_cdef, 0x00ff_00ff_00ff_00ff, 6_700_417,
    0x8000_0000_0000,
];

/// Returns a telling number, or now and then a random one. `i32` does the same.
pub fn i64(random: &mut Random) -> i64 {
    match random.below(8) {
        0 => random.next() as i64,
        1 => (random.next() >> random.below(64)) as i64,
        2 => 1i64.wrapping_shl(random.below(64) as u32).wrapping_sub(random.below(3) as i64 - 1),
        3 => random.pick(SMALL).wrapping_neg(),
        4 => !*random.pick(SMALL),
        _ => *random.pick(SMALL),
    }
}

pub fn i32(random: &mut Random) -> i32 {
    match random.below(6) {
        0 => (random.next() as u32 >> random.below(32)) as i32,
        1 => 1i32.wrapping_shl(random.below(32) as u32).wrapping_sub(random.below(3) as i32 - 1),
        _ => i64(random) as i32,
    }
}

const F64: &[u64] = &[
    0x0000_0000_0000_0000, 0x8000_0000_0000_0000, 0x3ff0_0000_0000_0000, 0xbff0_0000_0000_0000, 0x3fe0_0000_0000_0000,
    0xbfe0_0000_0000_0000, 0x4000_0000_0000_0000, 0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000, 0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_0000, 0x7ff0_0000_0000_0001, 0x7ff4_0000_0000_0000, 0xffff_ffff_ffff_ffff, 0x7ff8_dead_beef_0001,
    0x0000_0000_0000_0001, 0x8000_0000_0000_0001, 0x000f_ffff_ffff_ffff, 0x0010_0000_0000_0000, 0x7fef_ffff_ffff_ffff,
    // These are near the bounds of conversions to integers and of rounding.
    0x41df_ffff_ffc0_0000, 0x41df_ffff_ffff_ffff, 0x41e0_0000_0000_0000, 0xc1e0_0000_0000_0000, 0xc1e0_0000_0020_0000,
    0xc1e0_0000_001f_ffff, 0x41ef_ffff_ffff_ffff, 0x41f0_0000_0000_0000, 0x43df_ffff_ffff_ffff, 0x43e0_0000_0000_0000,
    0xc3e0_0000_0000_0000, 0xc3e0_0000_0000_0001, 0x43ef_ffff_ffff_ffff, 0x43f0_0000_0000_0000, 0xbfef_ffff_ffff_ffff,
    0x3fdf_ffff_ffff_ffff, 0x4330_0000_0000_0001, 0x4320_0000_0000_0001, 0x3ff8_0000_0000_0000, 0xbff8_0000_0000_0000,
    0x4004_0000_0000_0000, 0x47ef_ffff_f000_0000, 0x47ef_ffff_e000_0000, 0x3690_0000_0000_0000, 0x36a0_0000_0000_0000,
    0x380f_ffff_ffff_ffff, 0x3810_0000_0000_0000,
];

/// NaNs, infinities, -0, halves, and the neighbours of the bounds of integers.
pub const F64_EDGES: [u64; 24] = [
    0x7ff8_0000_0000_0000, 0xfff8_0000_0000_0001, 0x7ff0_0000_0000_0001, 0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000, 0x8000_0000_0000_0000,
    0x3fe0_0000_0000_0000, 0xbfe0_0000_0000_0000, 0xbff0_0000_0000_0000, 0xbfef_ffff_ffff_ffff, 0x41df_ffff_ffc0_0000, 0x41df_ffff_ffff_ffff,
    0x41e0_0000_0000_0000, 0xc1e0_0000_0000_0000, 0xc1e0_0000_0010_0000, 0xc1e0_0000_0020_0000, 0x41ef_ffff_ffff_ffff, 0x41f0_0000_0000_0000,
    0x43df_ffff_ffff_ffff, 0x43e0_0000_0000_0000, 0xc3e0_0000_0000_0000, 0xc3e0_0000_0000_0001, 0x43ef_ffff_ffff_ffff, 0x43f0_0000_0000_0000,
];
/// The same for f32.
pub const F32_EDGES: [u32; 20] = [
    0x7fc0_0000, 0xffc0_0001, 0x7f80_0001, 0x7f80_0000, 0xff80_0000, 0x8000_0000, 0x3f00_0000, 0xbf00_0000, 0xbf80_0000, 0xbf7f_ffff,
    0x4eff_ffff, 0x4f00_0000, 0xcf00_0000, 0xcf00_0001, 0x4f7f_ffff, 0x4f80_0000, 0x5f00_0000, 0xdf00_0000, 0x5f7f_ffff, 0x5f80_0000,
];

/// Returns the bits of a telling float, or now and then of a random one. `f32_bits` does the same.
pub fn f64_bits(random: &mut Random) -> u64 {
    match random.below(8) {
        0 => random.next(),
        1 => (i64(random) as f64).to_bits(),
        2 => ((random.below(4096) as f64 - 2048.0) / 8.0).to_bits(),
        3 => (*random.pick(F64)).wrapping_add(random.below(5)).wrapping_sub(2),
        _ => *random.pick(F64),
    }
}

const F32: &[u32] = &[
    0x0000_0000, 0x8000_0000, 0x3f80_0000, 0xbf80_0000, 0x3f00_0000, 0xbf00_0000, 0x4000_0000, 0x7f80_0000, 0xff80_0000,
    0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0x7fa0_0000, 0xffff_ffff, 0x7fc0_beef, 0x0000_0001, 0x8000_0001, 0x007f_ffff,
    0x0080_0000, 0x7f7f_ffff, 0x4eff_ffff, 0x4f00_0000, 0xcf00_0000, 0xcf00_0001, 0x4f7f_ffff, 0x4f80_0000, 0x5eff_ffff,
    0x5f00_0000, 0xdf00_0000, 0xdf00_0001, 0x5f7f_ffff, 0x5f80_0000, 0xbf7f_ffff, 0x3eff_ffff, 0x4b00_0001, 0x4a80_0001,
    0x3fc0_0000, 0xbfc0_0000, 0x4020_0000,
];

pub fn f32_bits(random: &mut Random) -> u32 {
    match random.below(8) {
        0 => random.next() as u32,
        1 => (i32(random) as f32).to_bits(),
        2 => ((random.below(4096) as f32 - 2048.0) / 8.0).to_bits(),
        3 => (*random.pick(F32)).wrapping_add(random.below(5) as u32).wrapping_sub(2),
        _ => *random.pick(F32),
    }
}

/// Returns a vector whose lanes, of a random size, are such numbers, or 128 random bits.
pub fn v128_bits(random: &mut Random) -> u128 {
    match random.below(6) {
        0 => u128::from(random.next()) << 64 | u128::from(random.next()),
        1 => u128::from(i64(random) as u64) << 64 | u128::from(i64(random) as u64),
        2 => (0..4).fold(0, |all, _| all << 32 | u128::from(f32_bits(random))),
        3 => u128::from(f64_bits(random)) << 64 | u128::from(f64_bits(random)),
        4 => (0..16).fold(0, |all, _| all << 8 | u128::from(i32(random) as u8)),
        _ => (0..8).fold(0, |all, _| all << 16 | u128::from(i32(random) as u16)),
    }
}
