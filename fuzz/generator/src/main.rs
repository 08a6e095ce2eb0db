//! generator COUNT FIRST_SEED DIR: writes the modules SEED.wasm and `list`, a line `SEED KIND FEATURES` each. What a seed
//! gives depends on nothing else.
//! generator --reduce STEP IN OUT: writes the first valid smaller variant of a module from number STEP on and prints its
//! number; exit status 3 when there is none.

mod code;
mod dense;
mod features;
mod finish;
mod nans;
mod operators;
mod random;
mod reduce;
mod smith;
mod values;

use std::fmt::Write;

use features::Features;
use random::Random;

pub struct Made {
    bytes: Vec<u8>,
    kind: &'static str,
    features: Features,
}

fn make(seed: u64) -> Made {
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
        let Some(finished) = finish::finish(&wasm, fuel, &mut random, &features) else { continue };
        if finished.entries != 0 {
            return Made { bytes: finished.bytes, kind, features };
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
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
        let made = make(seed);
        if std::env::var_os("GENERATOR_VALIDATE").is_some() {
            if let Err(error) = wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all()).validate_all(&made.bytes) {
                eprintln!("{seed}: {error}");
            }
        }
        std::fs::write(format!("{directory}/{seed}.wasm"), &made.bytes).expect("cannot write");
        writeln!(list, "{seed} {} {}", made.kind, made.features.names()).unwrap();
    }
    std::fs::write(format!("{directory}/list"), list).expect("cannot write");
}
