// A precompiled header needs a target that it belongs to, and that target a source.
