//! generator COUNT FIRST_SEED DIR: writes the modules SEED.wasm, `library.wasm` that they may import from, and `list`
//! with a line `SEED KIND FEATURES` for each module. A module depends on nothing but its seed.
//!
//! generator --reduce STEP IN OUT: writes the first valid smaller variant of a module from number STEP on, and prints
//! its number. The exit status is 3 if there is none.
//!
//! generator --marks COUNT FIRST_SEED DIR: writes the same modules, with code that notes what they execute (marks.rs).
//! The lines of `list` end with the places in the marks of the instructions that occur.

mod code;
mod dense;
mod entries;
mod features;
mod finish;
mod library;
mod marks;
mod nans;
mod operators;
mod random;
mod reduce;
mod smith;
mod values;

use std::collections::BTreeSet;
use std::fmt::Write;

use features::Features;
use random::Random;

/// A module, its kind (`smith` or `dense`), the features that it may use, and the places in the marks of the
/// instructions in it.
pub struct Made {
    bytes: Vec<u8>,
    kind: &'static str,
    features: Features,
    occurring: BTreeSet<u32>,
}

fn make(seed: u64, marked: bool) -> Made {
    let mut random = Random::new(seed);
    loop {
        let features = Features::choose(&mut random);
        let (kind, wasm, fuel) = if seed % 3 == 0 {
            let fuel = 100 + random.below(400) as u32;
            let Some((wasm, global)) = smith::make(&mut random, &features, fuel) else { continue };
            ("smith", wasm, (global, fuel))
        } else {
            let (wasm, fuel) = dense::make(&mut random, &features);
            ("dense", wasm, fuel)
        };
        let Some(finished) = finish::finish(&wasm, fuel, &mut random, &features, marked) else { continue };
        if finished.entries != 0 {
            return Made { bytes: finished.bytes, kind, features, occurring: finished.occurring };
        }
    }
}

fn main() {
    let mut arguments: Vec<String> = std::env::args().collect();
    let marked = arguments.get(1).is_some_and(|option| option == "--marks");
    if marked {
        arguments.remove(1);
    }
    if let [_, option, step, input, output] = &arguments[..] {
        if option == "--reduce" {
            let wasm = std::fs::read(input).expect("cannot read");
            let Some((step, made)) = reduce::next(&wasm, step.parse().expect("STEP")) else { std::process::exit(3) };
            std::fs::write(output, made).expect("cannot write");
            println!("{step}");
            return;
        }
    }
    let [_, count, first, directory] = &arguments[..] else {
        eprintln!("usage: generator COUNT FIRST_SEED DIR");
        std::process::exit(64);
    };
    let (count, first): (u64, u64) = (count.parse().expect("COUNT"), first.parse().expect("FIRST_SEED"));
    let mut list = String::new();
    for seed in first..first + count {
        let made = make(seed, marked);
        if std::env::var_os("GENERATOR_VALIDATE").is_some() {
            if let Err(error) = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all()).validate_all(&made.bytes) {
                eprintln!("{seed}: {error}");
            }
        }
        std::fs::write(format!("{directory}/{seed}.wasm"), &made.bytes).expect("cannot write");
        write!(list, "{seed} {} {}", made.kind, made.features.names()).unwrap();
        if marked {
            made.occurring.iter().for_each(|place| write!(list, " {place}").unwrap());
        }
        list.push('\n');
    }
    std::fs::write(format!("{directory}/library.wasm"), library::make()).expect("cannot write");
    std::fs::write(format!("{directory}/list"), list).expect("cannot write");
}
