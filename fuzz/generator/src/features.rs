//! The proposals that a module may use. Not every engine knows all of them, so most modules use only those that all
//! know.

use crate::random::Random;

#[derive(Clone, Debug)]
pub struct Features {
    pub simd: bool,
    pub exceptions: bool,
    /// Exceptions in the older encoding, and only in it: not every engine accepts both encodings in one module.
    pub legacy_exceptions: bool,
    pub memory64: bool,
    pub multi_memory: bool,
    pub threads: bool,
    pub gc: bool,
    pub wide_arithmetic: bool,
    pub custom_page_sizes: bool,
}

impl Features {
    /// Returns random features.
    pub fn choose(random: &mut Random) -> Self {
        let exceptions = random.chance(45);
        Features {
            simd: random.chance(60),
            exceptions,
            legacy_exceptions: exceptions && random.chance(25),
            memory64: random.chance(40),
            multi_memory: random.chance(50),
            threads: random.chance(25),
            gc: random.chance(40),
            wide_arithmetic: random.chance(12),
            custom_page_sizes: random.chance(10),
        }
    }

    /// Returns the features that the list of modules names, because not all engines have them.
    pub fn names(&self) -> String {
        let all = [
            (self.gc, "gc"),
            (self.legacy_exceptions, "legacy_exceptions"),
            (self.wide_arithmetic, "wide_arithmetic"),
            (self.custom_page_sizes, "custom_page_sizes"),
        ];
        let names: Vec<_> = all.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
        if names.is_empty() { "-".into() } else { names.join(",") }
    }
}
