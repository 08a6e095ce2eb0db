//! Makes modules with wasm-smith. They declare many kinds of things and use many instructions, but most of their
//! functions trap early unless traps are disallowed.

use arbitrary::Unstructured;
use wasm_smith::{Config, MemoryOffsetChoices, Module};

use crate::features::Features;
use crate::random::Random;

/// Returns a module and the index of the global that holds its fuel; nothing if wasm-smith cannot make a module.
pub fn make(random: &mut Random, features: &Features, fuel: u32) -> Option<(Vec<u8>, u32)> {
    let large = random.chance(10);
    let config = Config {
        max_imports: 0,
        min_funcs: 1,
        max_funcs: if large { 12 } else { 5 },
        max_types: 10,
        max_globals: 8,
        max_memories: if features.multi_memory { 3 } else { 1 },
        min_memories: u32::from(random.chance(80)),
        max_tables: 3,
        min_tables: u32::from(random.chance(40)),
        max_tags: 3,
        max_data_segments: 4,
        max_element_segments: 4,
        max_elements: 12,
        max_exports: 0,
        max_instructions: if large { 500 } else { 40 + random.below(120) as usize },
        max_memory32_bytes: 4 << 16,
        max_memory64_bytes: 4 << 16,
        max_table_elements: 40,
        memory_max_size_required: true,
        table_max_size_required: true,
        memory_offset_choices: MemoryOffsetChoices(85, 12, 3),
        allow_start_export: random.chance(15),
        disallow_traps: random.chance(50),
        canonicalize_nans: false,
        simd_enabled: features.simd,
        relaxed_simd_enabled: false,
        tail_call_enabled: true,
        exceptions_enabled: features.exceptions && !features.legacy_exceptions,
        memory64_enabled: features.memory64,
        threads_enabled: features.threads,
        gc_enabled: features.gc,
        wide_arithmetic_enabled: features.wide_arithmetic,
        custom_page_sizes_enabled: features.custom_page_sizes,
        compact_imports_enabled: false,
        extended_const_enabled: true,
        limit_arrays_in_const_exprs: true,
        generate_custom_sections: false,
        ..Config::default()
    };
    let size = if large { 20_000 } else { 500 + random.below(4_000) as usize };
    let mut bytes = vec![0; size];
    random.fill(&mut bytes);
    let mut module = Module::new(config, &mut Unstructured::new(&bytes)).ok()?;
    let global = module.ensure_termination(fuel).ok()?;
    Some((module.to_bytes(), global))
}
