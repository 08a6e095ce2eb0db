//! Makes smaller variants of a module. The variants are numbered, so that a search can try one after the other and keep
//! those that still have a wanted property (fuzz/diff/reduce.py).

use wasm_encoder::{Encode, Module, RawSection, SectionId};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

struct Body {
    locals: Vec<u8>,
    operators: Vec<Vec<u8>>,
}

struct Parts {
    sections: Vec<(u8, Vec<u8>)>,
    exports: Vec<(String, Vec<u8>)>, // the name, and the encoded kind and index
    bodies: Vec<Body>,
}

fn take_apart(wasm: &[u8]) -> Option<Parts> {
    let mut parts = Parts { sections: Vec::new(), exports: Vec::new(), bodies: Vec::new() };
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.ok()?;
        if let Some((id, range)) = payload.as_section() {
            parts.sections.push((id, wasm[range.start as usize..range.end as usize].to_vec()));
        }
        match payload {
            Payload::ExportSection(reader) => {
                for export in reader {
                    let export = export.ok()?;
                    let mut rest = vec![export.kind as u8];
                    export.index.encode(&mut rest);
                    parts.exports.push((export.name.into(), rest));
                }
            }
            Payload::CodeSectionEntry(body) => {
                let reader = body.get_operators_reader().ok()?;
                let start = reader.original_position();
                let offsets: Vec<_> = reader.into_iter_with_offsets().collect::<Result<Vec<_>, _>>().ok()?;
                let end = body.range().end;
                let mut positions: Vec<_> = offsets.iter().map(|(_, at)| *at).collect();
                positions.push(end);
                parts.bodies.push(Body {
                    locals: wasm[body.range().start as usize..start as usize].to_vec(),
                    operators: positions.windows(2).map(|w| wasm[w[0] as usize..w[1] as usize].to_vec()).collect(),
                });
            }
            _ => {}
        }
    }
    Some(parts)
}

fn put_together(parts: &Parts) -> Vec<u8> {
    let mut module = Module::new();
    for (id, raw) in &parts.sections {
        let mut data = Vec::new();
        if *id == SectionId::Export as u8 {
            (parts.exports.len() as u32).encode(&mut data);
            let mut calls = 0;
            for (name, rest) in &parts.exports {
                // The entries e0, e1, ... are numbered without gaps.
                let name = if name.starts_with('e') {
                    calls += 1;
                    format!("e{}", calls - 1)
                } else {
                    name.clone()
                };
                name.as_str().encode(&mut data);
                data.extend(rest);
            }
        } else if *id == SectionId::Code as u8 {
            (parts.bodies.len() as u32).encode(&mut data);
            for body in &parts.bodies {
                let code: Vec<u8> = body.locals.iter().chain(body.operators.iter().flatten()).copied().collect();
                code.as_slice().encode(&mut data);
            }
        } else {
            data = raw.clone();
        }
        module.section(&RawSection { id: *id, data: &data });
    }
    module.finish()
}

/// The code that replaces an instruction: drops of up to two operands, and a constant.
const REPLACEMENTS: &[&[u8]] = &[
    &[0x1a],
    &[0x1a, 0x1a],
    &[0x41, 0],
    &[0x1a, 0x41, 0],
    &[0x1a, 0x1a, 0x41, 0],
    &[0x42, 0],
    &[0x1a, 0x42, 0],
    &[0x1a, 0x1a, 0x42, 0],
    &[0x43, 0, 0, 0, 0],
    &[0x1a, 0x43, 0, 0, 0, 0],
    &[0x1a, 0x1a, 0x43, 0, 0, 0, 0],
    &[0x44, 0, 0, 0, 0, 0, 0, 0, 0],
    &[0x1a, 0x44, 0, 0, 0, 0, 0, 0, 0, 0],
    &[0x1a, 0x1a, 0x44, 0, 0, 0, 0, 0, 0, 0, 0],
];

/// Makes the variant `step` of `parts`. Returns whether it is smaller; nothing if there is no variant of this number.
/// The variants lack one export, lack one section, have one body that is `unreachable`, lack a range of instructions
/// (large ranges first), or have one instruction replaced, in this order.
fn apply(parts: &mut Parts, mut step: usize) -> Option<bool> {
    for index in 0..parts.exports.len() {
        if step == 0 {
            let dropped = !parts.exports[index].0.starts_with('m') && parts.exports[index].0 != "state";
            if dropped {
                parts.exports.remove(index);
            }
            return Some(dropped);
        }
        step -= 1;
    }
    for index in 0..parts.sections.len() {
        if step == 0 {
            let id = parts.sections[index].0;
            let needed = [SectionId::Export as u8, SectionId::Code as u8].contains(&id);
            if !needed {
                parts.sections.remove(index);
            }
            return Some(!needed);
        }
        step -= 1;
    }
    for body in &mut parts.bodies {
        if step == 0 {
            let worth = body.operators.len() > 2;
            body.operators = vec![vec![0], vec![0x0b]];
            return Some(worth);
        }
        step -= 1;
    }
    for shift in (0..9).rev() {
        let size = 1 << shift;
        for body in &mut parts.bodies {
            let count = body.operators.len().saturating_sub(1).div_ceil(size);
            if size > body.operators.len() {
                continue;
            }
            if step < count {
                let end = (step * size + size).min(body.operators.len() - 1);
                body.operators.drain(step * size..end);
                return Some(true);
            }
            step -= count;
        }
    }
    for body in &mut parts.bodies {
        let count = (body.operators.len() - 1) * REPLACEMENTS.len();
        if step < count {
            let operator = &mut body.operators[step / REPLACEMENTS.len()];
            let replacement = REPLACEMENTS[step % REPLACEMENTS.len()];
            if operator.as_slice() == replacement || matches!(operator[0], 0x1a | 0x41..=0x44) {
                return Some(false);
            }
            *operator = replacement.to_vec();
            return Some(true);
        }
        step -= count;
    }
    None
}

/// Returns the first valid variant whose number is at least `first`, and its number.
pub fn next(wasm: &[u8], first: usize) -> Option<(usize, Vec<u8>)> {
    let mut step = first;
    loop {
        let mut parts = take_apart(wasm)?;
        if apply(&mut parts, step)? {
            let made = put_together(&parts);
            if Validator::new_with_features(WasmFeatures::all()).validate_all(&made).is_ok() {
                return Some((step, made));
            }
        }
        step += 1;
    }
}
