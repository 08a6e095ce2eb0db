//! Tables of instructions: their operands, results and encodings.

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ty {
    I32,
    I64,
    F32,
    F64,
    V128,
    /// A reference to structure 0, or null.
    Base,
    /// Any managed reference, or null.
    Any,
}
use Ty::*;

impl Ty {
    /// Returns the encoding of the type, also as the type of a block.
    pub fn bytes(self) -> &'static [u8] {
        match self {
            I32 => &[0x7f],
            I64 => &[0x7e],
            F32 => &[0x7d],
            F64 => &[0x7c],
            V128 => &[0x7b],
            Base => &[0x63, 0],
            Any => &[0x6e],
        }
    }

    /// Returns whether the type is one of references to objects.
    pub fn is_reference(self) -> bool {
        matches!(self, Base | Any)
    }
}

/// The care that an instruction needs to be valid and to trap seldom.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Care {
    None,
    /// Divides. The divisor should not be zero, and seldom -1.
    Divides,
    /// Converts to an integer, and traps if the number does not fit.
    Converts,
    /// Has a lane number as its immediate, which must be below this number.
    Lane(u8),
    Shuffle,
}

#[derive(Clone)]
pub struct Operator {
    pub result: Ty,
    pub operands: Vec<Ty>,
    pub code: Vec<u8>,
    pub care: Care,
}

fn with_prefix(prefix: Option<u8>, opcode: u32) -> Vec<u8> {
    let mut code = Vec::new();
    code.extend(prefix);
    if prefix.is_none() {
        code.push(opcode as u8);
        return code;
    }
    let mut rest = opcode;
    loop {
        let low = (rest & 0x7f) as u8;
        rest >>= 7;
        code.push(if rest != 0 { low | 0x80 } else { low });
        if rest == 0 {
            return code;
        }
    }
}

/// Returns all operators; those on vectors only if `simd`.
pub fn all(simd: bool) -> Vec<Operator> {
    let mut all = Vec::new();
    let mut add = |prefix: Option<u8>, range: std::ops::RangeInclusive<u32>, operands: &[Ty], result: Ty, care: Care| {
        for opcode in range {
            all.push(Operator { result, operands: operands.to_vec(), code: with_prefix(prefix, opcode), care });
        }
    };
    let none = Care::None;
    add(None, 0x45..=0x45, &[I32], I32, none);
    add(None, 0x46..=0x4f, &[I32, I32], I32, none);
    add(None, 0x50..=0x50, &[I64], I32, none);
    add(None, 0x51..=0x5a, &[I64, I64], I32, none);
    add(None, 0x5b..=0x60, &[F32, F32], I32, none);
    add(None, 0x61..=0x66, &[F64, F64], I32, none);
    add(None, 0x67..=0x69, &[I32], I32, none);
    add(None, 0x6a..=0x6c, &[I32, I32], I32, none);
    add(None, 0x6d..=0x70, &[I32, I32], I32, Care::Divides);
    add(None, 0x71..=0x78, &[I32, I32], I32, none);
    add(None, 0x79..=0x7b, &[I64], I64, none);
    add(None, 0x7c..=0x7e, &[I64, I64], I64, none);
    add(None, 0x7f..=0x82, &[I64, I64], I64, Care::Divides);
    add(None, 0x83..=0x8a, &[I64, I64], I64, none);
    add(None, 0x8b..=0x91, &[F32], F32, none);
    add(None, 0x92..=0x98, &[F32, F32], F32, none);
    add(None, 0x99..=0x9f, &[F64], F64, none);
    add(None, 0xa0..=0xa6, &[F64, F64], F64, none);
    add(None, 0xa7..=0xa7, &[I64], I32, none);
    add(None, 0xa8..=0xa9, &[F32], I32, Care::Converts);
    add(None, 0xaa..=0xab, &[F64], I32, Care::Converts);
    add(None, 0xac..=0xad, &[I32], I64, none);
    add(None, 0xae..=0xaf, &[F32], I64, Care::Converts);
    add(None, 0xb0..=0xb1, &[F64], I64, Care::Converts);
    add(None, 0xb2..=0xb3, &[I32], F32, none);
    add(None, 0xb4..=0xb5, &[I64], F32, none);
    add(None, 0xb6..=0xb6, &[F64], F32, none);
    add(None, 0xb7..=0xb8, &[I32], F64, none);
    add(None, 0xb9..=0xba, &[I64], F64, none);
    add(None, 0xbb..=0xbb, &[F32], F64, none);
    add(None, 0xbc..=0xbc, &[F32], I32, none);
    add(None, 0xbd..=0xbd, &[F64], I64, none);
    add(None, 0xbe..=0xbe, &[I32], F32, none);
    add(None, 0xbf..=0xbf, &[I64], F64, none);
    add(None, 0xc0..=0xc1, &[I32], I32, none);
    add(None, 0xc2..=0xc4, &[I64], I64, none);
    add(Some(0xfc), 0..=1, &[F32], I32, none);
    add(Some(0xfc), 2..=3, &[F64], I32, none);
    add(Some(0xfc), 4..=5, &[F32], I64, none);
    add(Some(0xfc), 6..=7, &[F64], I64, none);
    if !simd {
        return all;
    }
    let fd = Some(0xfd);
    add(fd, 0x0d..=0x0d, &[V128, V128], V128, Care::Shuffle);
    add(fd, 0x0e..=0x0e, &[V128, V128], V128, none);
    add(fd, 0x0f..=0x11, &[I32], V128, none);
    add(fd, 0x12..=0x12, &[I64], V128, none);
    add(fd, 0x13..=0x13, &[F32], V128, none);
    add(fd, 0x14..=0x14, &[F64], V128, none);
    add(fd, 0x15..=0x16, &[V128], I32, Care::Lane(16));
    add(fd, 0x17..=0x17, &[V128, I32], V128, Care::Lane(16));
    add(fd, 0x18..=0x19, &[V128], I32, Care::Lane(8));
    add(fd, 0x1a..=0x1a, &[V128, I32], V128, Care::Lane(8));
    add(fd, 0x1b..=0x1b, &[V128], I32, Care::Lane(4));
    add(fd, 0x1c..=0x1c, &[V128, I32], V128, Care::Lane(4));
    add(fd, 0x1d..=0x1d, &[V128], I64, Care::Lane(2));
    add(fd, 0x1e..=0x1e, &[V128, I64], V128, Care::Lane(2));
    add(fd, 0x1f..=0x1f, &[V128], F32, Care::Lane(4));
    add(fd, 0x20..=0x20, &[V128, F32], V128, Care::Lane(4));
    add(fd, 0x21..=0x21, &[V128], F64, Care::Lane(2));
    add(fd, 0x22..=0x22, &[V128, F64], V128, Care::Lane(2));
    let unary = [
        0x4d..=0x4d, 0x5e..=0x5f, 0x60..=0x62, 0x67..=0x6a, 0x74..=0x75, 0x7a..=0x7a, 0x7c..=0x81, 0x87..=0x8a, 0x94..=0x94,
        0xa0..=0xa1, 0xa7..=0xaa, 0xc0..=0xc1, 0xc7..=0xca, 0xe0..=0xe1, 0xe3..=0xe3, 0xec..=0xed, 0xef..=0xef, 0xf8..=0xff,
    ];
    let binary = [
        0x23..=0x4c, 0x4e..=0x51, 0x65..=0x66, 0x6e..=0x73, 0x76..=0x79, 0x7b..=0x7b, 0x82..=0x82, 0x85..=0x86, 0x8e..=0x93,
        0x95..=0x99, 0x9b..=0x9f, 0xae..=0xae, 0xb1..=0xb1, 0xb5..=0xba, 0xbc..=0xbf, 0xce..=0xce, 0xd1..=0xd1, 0xd5..=0xdf,
        0xe4..=0xeb, 0xf0..=0xf7,
    ];
    for range in unary {
        add(fd, range, &[V128], V128, none);
    }
    for range in binary {
        add(fd, range, &[V128, V128], V128, none);
    }
    add(fd, 0x52..=0x52, &[V128, V128, V128], V128, none);
    for range in [0x53..=0x53, 0x63..=0x64, 0x83..=0x84, 0xa3..=0xa4, 0xc3..=0xc4] {
        add(fd, range, &[V128], I32, none);
    }
    for range in [0x6b..=0x6d, 0x8b..=0x8d, 0xab..=0xad, 0xcb..=0xcd] {
        add(fd, range, &[V128, I32], V128, none);
    }
    all
}

/// A load or store. `log2` is the logarithm of the number of bytes; `lanes` is the number of lanes for an access of a
/// single lane, otherwise 0.
pub struct Access {
    pub ty: Ty,
    pub code: Vec<u8>,
    pub log2: u8,
    pub lanes: u8,
}

fn access(ty: Ty, prefix: Option<u8>, opcode: u32, log2: u8, lanes: u8) -> Access {
    Access { ty, code: with_prefix(prefix, opcode), log2, lanes }
}

/// Returns all loads that are not atomic; those of vectors only if `simd`.
pub fn loads(simd: bool) -> Vec<Access> {
    let mut all = vec![
        access(I32, None, 0x28, 2, 0), access(I64, None, 0x29, 3, 0), access(F32, None, 0x2a, 2, 0),
        access(F64, None, 0x2b, 3, 0), access(I32, None, 0x2c, 0, 0), access(I32, None, 0x2d, 0, 0),
        access(I32, None, 0x2e, 1, 0), access(I32, None, 0x2f, 1, 0), access(I64, None, 0x30, 0, 0),
        access(I64, None, 0x31, 0, 0), access(I64, None, 0x32, 1, 0), access(I64, None, 0x33, 1, 0),
        access(I64, None, 0x34, 2, 0), access(I64, None, 0x35, 2, 0),
    ];
    if simd {
        let fd = Some(0xfd);
        all.push(access(V128, fd, 0, 4, 0));
        all.extend((1..=6).map(|opcode| access(V128, fd, opcode, 3, 0)));
        all.extend((7..=10).map(|opcode| access(V128, fd, opcode, opcode as u8 - 7, 0)));
        all.push(access(V128, fd, 0x5c, 2, 0));
        all.push(access(V128, fd, 0x5d, 3, 0));
        all.extend((0..4).map(|size| access(V128, fd, 0x54 + size, size as u8, 16 >> size)));
    }
    all
}

/// Returns all stores that are not atomic; those of vectors only if `simd`.
pub fn stores(simd: bool) -> Vec<Access> {
    let mut all = vec![
        access(I32, None, 0x36, 2, 0), access(I64, None, 0x37, 3, 0), access(F32, None, 0x38, 2, 0),
        access(F64, None, 0x39, 3, 0), access(I32, None, 0x3a, 0, 0), access(I32, None, 0x3b, 1, 0),
        access(I64, None, 0x3c, 0, 0), access(I64, None, 0x3d, 1, 0), access(I64, None, 0x3e, 2, 0),
    ];
    if simd {
        let fd = Some(0xfd);
        all.push(access(V128, fd, 0x0b, 4, 0));
        all.extend((0..4).map(|size| access(V128, fd, 0x58 + size, size as u8, 16 >> size)));
    }
    all
}

/// The type and the logarithm of the bytes of an atomic instruction's seven forms, in the order of their opcodes.
pub const ATOMICS: [(Ty, u8); 7] = [(I32, 2), (I64, 3), (I32, 0), (I32, 1), (I64, 0), (I64, 1), (I64, 2)];
