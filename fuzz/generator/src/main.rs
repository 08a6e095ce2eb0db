//! generator COUNT FIRST_SEED DIR: writes the modules SEED.wasm and `list`, a line `SEED KIND FEATURES` each. What a seed
//! gives depends on nothing else.

mod features;
mod finish;
mod nans;
mod random;
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
        let fuel = 100 + random.below(400) as u32;
        let Some((wasm, global)) = smith::make(&mut random, &features, fuel) else { continue };
        let Some(finished) = finish::finish(&wasm, (global, fuel), &mut random, &features) else { continue };
        if finished.entries != 0 {
            return Made { bytes: finished.bytes, kind: "smith", features };
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
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
