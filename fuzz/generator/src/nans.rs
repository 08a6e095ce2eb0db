//! Makes NaNs equal on every engine. The specification does not determine the bits of a NaN from arithmetic. So a NaN
//! becomes canonical where its bits could be seen: before a scalar is stored, reinterpreted, put into a vector, or used
//! for its sign, and after arithmetic on vectors, because any instruction may read their lanes. Constants and loaded
//! NaNs keep their bits.

use wasm_encoder::{Function, Instruction, ValType};
use wasmparser::Operator;

/// The bits of the canonical NaNs.
pub const F32: u32 = 0x7fc0_0000;
pub const F64: u64 = 0x7ff8_0000_0000_0000;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    F32,
    F64,
    F32x4,
    F64x2,
}

/// Indices of scratch locals, one of each type.
pub struct Scratch {
    pub f32: u32,
    pub f64: u32,
    pub v128: u32,
}

/// Returns the shape of the value on top of the stack that must be made canonical before `operator`.
pub fn before(operator: &Operator) -> Option<Shape> {
    use Operator as O;
    Some(match operator {
        O::F32Store { .. } | O::I32ReinterpretF32 | O::F32Copysign | O::F32x4Splat | O::F32x4ReplaceLane { .. } => Shape::F32,
        O::F64Store { .. } | O::I64ReinterpretF64 | O::F64Copysign | O::F64x2Splat | O::F64x2ReplaceLane { .. } => Shape::F64,
        _ => return None,
    })
}

/// Returns the shape of the result of `operator` that must be made canonical.
pub fn after(operator: &Operator) -> Option<Shape> {
    use Operator as O;
    Some(match operator {
        O::F32x4Ceil | O::F32x4Floor | O::F32x4Trunc | O::F32x4Nearest | O::F32x4Sqrt | O::F32x4Add | O::F32x4Sub
        | O::F32x4Mul | O::F32x4Div | O::F32x4Min | O::F32x4Max | O::F32x4DemoteF64x2Zero => Shape::F32x4,
        O::F64x2Ceil | O::F64x2Floor | O::F64x2Trunc | O::F64x2Nearest | O::F64x2Sqrt | O::F64x2Add | O::F64x2Sub
        | O::F64x2Mul | O::F64x2Div | O::F64x2Min | O::F64x2Max | O::F64x2PromoteLowF32x4 => Shape::F64x2,
        _ => return None,
    })
}

/// Adds code that replaces the value on top of the stack, or each lane of it, by the canonical NaN if it is a NaN. A
/// scratch local is overwritten.
pub fn canonicalize(body: &mut Function, shape: Shape, scratch: &Scratch) {
    use Instruction as I;
    let (local, equal, select) = match shape {
        Shape::F32 => (scratch.f32, I::F32Eq, I::Select),
        Shape::F64 => (scratch.f64, I::F64Eq, I::Select),
        Shape::F32x4 => (scratch.v128, I::F32x4Eq, I::V128Bitselect),
        Shape::F64x2 => (scratch.v128, I::F64x2Eq, I::V128Bitselect),
    };
    body.instruction(&I::LocalTee(local));
    body.instruction(&match shape {
        Shape::F32 => I::F32Const(f32::from_bits(F32).into()),
        Shape::F64 => I::F64Const(f64::from_bits(F64).into()),
        Shape::F32x4 => I::V128Const((u128::from(F32) * 0x0000_0001_0000_0001_0000_0001_0000_0001) as i128),
        Shape::F64x2 => I::V128Const((u128::from(F64) << 64 | u128::from(F64)) as i128),
    });
    body.instruction(&I::LocalGet(local));
    body.instruction(&I::LocalGet(local));
    body.instruction(&equal);
    body.instruction(&select);
}

/// The types of the fields of `Scratch`, in order.
pub const SCRATCH_TYPES: [ValType; 3] = [ValType::F32, ValType::F64, ValType::V128];
