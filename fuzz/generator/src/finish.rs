//! Makes a module of either generator comparable between engines: NaNs become canonical, and functions are exported
//! that take nothing and return one i64, so that the engines need no arguments.
//!
//!   e0, e1, ...  call a function with telling arguments and hash its results
//!   state        hashes globals, tables and the sizes of memories and tables
//!   m0, m1, ...  are the memories
//!   f0, f1, ...  are the module's own functions

use std::collections::BTreeSet;

use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{
    BranchHint, BranchHints, CodeSection, Encode, ExportKind, ExportSection, Function, FunctionSection, GlobalSection, GlobalType, Module,
    RawSection, SectionId, ValType,
};
use wasmparser::{Parser, Payload};

use crate::entries::{Catching, arguments, entry, has_value, state};
use crate::features::Features;
use crate::marks::{self, Marks};
use crate::nans::{self, Scratch};
use crate::random::Random;

/// The facts about a module that the added code needs.
#[derive(Default)]
pub struct Shown {
    pub type_entries: u32,
    // Parameters and results by type index; nothing for types that are not function types.
    pub signatures: Vec<Option<(Vec<ValType>, Vec<ValType>)>>,
    pub imported_functions: u32,
    pub functions: Vec<u32>, // type index of each function
    pub globals: Vec<GlobalType>,
    pub tables: Vec<bool>,   // whether a table's indices have 64 bits
    pub table_nullable: Vec<bool>,
    pub memories: Vec<bool>,  // whether a memory's addresses have 64 bits
    pub page_sizes: Vec<u32>, // logarithms of the memories' page sizes
    pub start: Option<u32>,
}

struct Section {
    id: u8,
    count: u32,
    entries: Vec<u8>, // the bytes after the count
}

/// Decodes an unsigned LEB128 number. Returns the number, and how many bytes it has.
fn leb(bytes: &[u8]) -> (u32, usize) {
    let (mut value, mut shift, mut at) = (0u32, 0, 0);
    loop {
        let byte = bytes[at];
        value |= u32::from(byte & 0x7f) << shift;
        at += 1;
        shift += 7;
        if byte & 0x80 == 0 {
            return (value, at);
        }
    }
}

/// The changed module, and the number of its exports `e0`, `e1`, ...
pub struct Finished {
    pub bytes: Vec<u8>,
    pub entries: u32,
    /// The places in the marks of the instructions that the module contains (marks::place).
    pub occurring: BTreeSet<u32>,
}

/// Returns the module with the functions added, and with code for marks if `marked`. Returns nothing if the module
/// cannot be read, or may wait for some time.
pub fn finish(
    wasm: &[u8],
    fuel: (u32, u32), // the global with the fuel, and its amount for each entry
    random: &mut Random,
    features: &Features,
    marked: bool,
) -> Option<Finished> {
    let mut re = RoundtripReencoder;
    let mut shown = Shown::default();
    let mut sections: Vec<Section> = Vec::new();
    let mut bodies = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.ok()?;
        if let Some((id, range)) = payload.as_section() {
            let raw = &wasm[range.start as usize..range.end as usize];
            // Exports and code are written again. The start and data count sections are one number, which is not a count of
            // entries.
            if id == SectionId::Start as u8 || id == SectionId::DataCount as u8 {
                sections.push(Section { id, count: 0, entries: raw.to_vec() });
            } else if id != SectionId::Export as u8 && id != SectionId::Code as u8 && id != SectionId::Custom as u8 {
                let (count, used) = leb(raw);
                sections.push(Section { id, count, entries: raw[used..].to_vec() });
            }
        }
        match payload {
            Payload::TypeSection(reader) => {
                for group in reader {
                    shown.type_entries += 1;
                    for ty in group.ok()?.into_types() {
                        shown.signatures.push(match &ty.composite_type.inner {
                            wasmparser::CompositeInnerType::Func(f) => {
                                let convert = |types: &[wasmparser::ValType]| {
                                    types.iter().map(|t| RoundtripReencoder.val_type(*t).unwrap()).collect::<Vec<_>>()
                                };
                                Some((convert(f.params()), convert(f.results())))
                            }
                            _ => None,
                        });
                    }
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    match import.ok()?.ty {
                        wasmparser::TypeRef::Func(ty) => {
                            shown.functions.push(ty);
                            shown.imported_functions += 1;
                        }
                        wasmparser::TypeRef::Global(ty) => shown.globals.push(re.global_type(ty).ok()?),
                        wasmparser::TypeRef::Table(ty) => {
                            shown.tables.push(ty.table64);
                            shown.table_nullable.push(ty.element_type.is_nullable());
                        }
                        wasmparser::TypeRef::Memory(ty) => {
                            shown.memories.push(ty.memory64);
                            shown.page_sizes.push(ty.page_size_log2.unwrap_or(16));
                        }
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(reader) => {
                for ty in reader {
                    shown.functions.push(ty.ok()?);
                }
            }
            Payload::GlobalSection(reader) => {
                for global in reader {
                    shown.globals.push(re.global_type(global.ok()?.ty).ok()?);
                }
            }
            Payload::TableSection(reader) => {
                for table in reader {
                    let table = table.ok()?;
                    shown.tables.push(table.ty.table64);
                    shown.table_nullable.push(table.ty.element_type.is_nullable());
                }
            }
            Payload::MemorySection(reader) => {
                for memory in reader {
                    let memory = memory.ok()?;
                    shown.memories.push(memory.memory64);
                    shown.page_sizes.push(memory.page_size_log2.unwrap_or(16));
                }
            }
            Payload::StartSection { func, .. } => shown.start = Some(func),
            Payload::CodeSectionEntry(body) => bodies.push(body),
            _ => {}
        }
    }

    let rounds = if shown.functions.len() > 6 { 1 } else { 2 };
    let marks = marked.then(|| {
        let functions = shown.functions[shown.imported_functions as usize..].iter();
        let entered = functions.filter(|ty| shown.signatures[**ty as usize].as_ref().is_some_and(|(p, _)| p.iter().all(has_value)));
        Marks::new(
            shown.memories.len() as u32,
            shown.functions.len() as u32 + rounds * entered.count() as u32 + 1,
            shown.memories.iter().copied().zip(shown.page_sizes.iter().copied()).collect(),
            shown.tables.clone(),
        )
    });
    let mut code = CodeSection::new();
    let mut occurring = BTreeSet::new();
    let mut hints = BranchHints::new();
    let hinted = random.chance(40);
    for (position, body) in bodies.iter().enumerate() {
        let ty = shown.functions[shown.imported_functions as usize + position];
        let (parameters, _) = shown.signatures[ty as usize].as_ref()?;
        let mut places = Vec::new();
        code.function(&canonical(wasm, body, parameters.len() as u32, marks.as_ref(), &mut occurring, &mut places)?);
        places.retain(|_| hinted && random.chance(50));
        if !places.is_empty() {
            let hint = |place: &u32| BranchHint { branch_func_offset: *place, branch_hint_value: random.below(2) as u32 };
            hints.function_hints(shown.imported_functions + position as u32, places.iter().map(hint));
        }
    }

    // The type [] -> [i64] is added for entries.
    let entry_type = shown.signatures.len() as u32;
    let mut globals = GlobalSection::new();
    let mut functions = FunctionSection::new();
    let mut exports = ExportSection::new();
    for index in 0..shown.functions.len() as u32 {
        exports.export(&format!("f{index}"), ExportKind::Func, index);
    }
    for index in 0..shown.memories.len() as u32 {
        exports.export(&format!("m{index}"), ExportKind::Memory, index);
    }
    let mut next_function = shown.functions.len() as u32;
    let mut next_global = shown.globals.len() as u32;
    let mut entries = 0;
    for round in 0..rounds {
        for (index, ty) in shown.functions.iter().enumerate().skip(shown.imported_functions as usize) {
            let (parameters, results) = shown.signatures[*ty as usize].as_ref()?;
            let Some(arguments) = arguments(parameters, random, round, &mut globals, &mut next_global) else { continue };
            let caught = features.exceptions && random.chance(60);
            let caught = caught.then_some(if features.legacy_exceptions { Catching::Legacy } else { Catching::TryTable });
            let body = entry(index as u32, &arguments, results, fuel, caught);
            code.function(&body);
            functions.function(entry_type);
            exports.export(&format!("e{entries}"), ExportKind::Func, next_function);
            next_function += 1;
            entries += 1;
        }
    }
    code.function(&state(&shown));
    functions.function(entry_type);
    exports.export("state", ExportKind::Func, next_function);
    let mut types = vec![0x60, 0, 1, 0x7e];
    let mut type_count = 1;
    if let Some(marks) = &marks {
        for (parameters, body) in marks.functions() {
            types.extend([0x60, parameters.len() as u8]);
            parameters.iter().for_each(|ty| ty.encode(&mut types));
            types.push(0);
            functions.function(entry_type + type_count);
            type_count += 1;
            code.function(&body);
        }
        exports.export("marks", ExportKind::Memory, marks.memory);
    }

    // Appends entries to a section, or inserts the section if it does not exist.
    let mut append = |id: SectionId, count: u32, encoded: Vec<u8>| {
        let id = id as u8;
        if count == 0 {
            return;
        }
        if let Some(section) = sections.iter_mut().find(|s| s.id == id) {
            section.count += count;
            section.entries.extend(encoded);
        } else {
            let order = |id: u8| match id { 12 => 95, 13 => 55, other => u32::from(other) * 10 };
            let at = sections.iter().position(|s| order(s.id) > order(id)).unwrap_or(sections.len());
            sections.insert(at, Section { id, count, entries: encoded });
        }
    };
    append(SectionId::Type, type_count, types);
    append(SectionId::Function, functions.len(), entries_of(&functions));
    append(SectionId::Memory, u32::from(marked), vec![1, 1, 1]);
    append(SectionId::Global, globals.len(), entries_of(&globals));
    append(SectionId::Export, exports.len(), entries_of(&exports));
    append(SectionId::Code, code.len(), entries_of(&code));

    let mut module = Module::new();
    for section in &sections {
        if section.id == SectionId::Code as u8 && hinted {
            module.section(&hints);
        }
        let mut data = Vec::new();
        if section.id != SectionId::Start as u8 && section.id != SectionId::DataCount as u8 {
            section.count.encode(&mut data);
        }
        data.extend(&section.entries);
        module.section(&RawSection { id: section.id, data: &data });
    }
    Some(Finished { bytes: module.finish(), entries, occurring })
}

/// Returns the entries of an encoded section, without its size and count.
fn entries_of(section: &impl Encode) -> Vec<u8> {
    let mut bytes = Vec::new();
    section.encode(&mut bytes);
    let (_, size) = leb(&bytes);
    let (_, count) = leb(&bytes[size..]);
    bytes[size + count..].to_vec()
}

/// Returns the body with canonical NaNs, and with code for the marks if there are any. Fails if it may wait for some
/// time.
fn canonical(
    wasm: &[u8],
    body: &wasmparser::FunctionBody,
    parameters: u32,
    marks: Option<&Marks>,
    occurring: &mut BTreeSet<u32>,
    branches: &mut Vec<u32>, // receives the offsets of instructions that may have a branch hint
) -> Option<Function> {
    let mut re = RoundtripReencoder;
    let mut locals = Vec::new();
    let mut count = parameters;
    for local in body.get_locals_reader().ok()? {
        let (n, ty) = local.ok()?;
        count += n;
        locals.push((n, re.val_type(ty).ok()?));
    }
    let mut operators = Vec::new();
    let mut encoded: Vec<Vec<u8>> = Vec::new();
    let mut reader = body.get_operators_reader().ok()?;
    while !reader.eof() {
        let start = reader.original_position();
        operators.push(reader.read().ok()?);
        encoded.push(wasm[start as usize..reader.original_position() as usize].to_vec());
    }
    if operators.iter().any(|o| nans::before(o).is_some() || nans::after(o).is_some()) {
        locals.extend(nans::SCRATCH_TYPES.iter().map(|ty| (1, *ty)));
    }
    let scratch = Scratch { f32: count, f64: count + 1, v128: count + 2 };
    let marks = marks.map(|marks| {
        let (scratch, more) = marks.scratch(parameters + locals.iter().map(|(n, _)| n).sum::<u32>(), &encoded);
        locals.extend(more);
        (marks, scratch)
    });
    let mut made = Function::new(locals);
    let mut before: Option<&Vec<u8>> = None;
    for (operator, bytes) in operators.into_iter().zip(&encoded) {
        let (prefix, opcode, _) = marks::opcode(bytes);
        occurring.insert(marks::place(prefix, opcode));
        // A wait is accepted only if its timeout is the constant 0.
        let waits = matches!(operator, wasmparser::Operator::MemoryAtomicWait32 { .. } | wasmparser::Operator::MemoryAtomicWait64 { .. });
        if waits && before.is_none_or(|bytes| bytes != &[0x42, 0]) {
            return None;
        }
        let constant = before.is_some_and(|bytes| matches!(bytes[0], 0x41..=0x44));
        before = Some(bytes);
        if let Some((marks, scratch)) = &marks {
            marks.before(&mut made, bytes, constant, scratch);
        }
        if let Some(shape) = nans::before(&operator) {
            nans::canonicalize(&mut made, shape, &scratch);
        }
        let after = nans::after(&operator);
        if matches!(operator, wasmparser::Operator::If { .. } | wasmparser::Operator::BrIf { .. }) {
            branches.push(made.byte_len() as u32);
        }
        made.instruction(&re.instruction(operator).ok()?);
        if let Some(shape) = after {
            nans::canonicalize(&mut made, shape, &scratch);
        }
    }
    Some(made)
}
