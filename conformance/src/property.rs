//! Random cases: where their randomness comes from, and how a failing one is made small.

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use uuid::Uuid;

/// A source of random cases for one case of one rule: it depends on the run's seed, the rule's id and the number of the
/// case alone, so that selectors, shards and other rules change nothing.
pub fn runner(seed: u64, rule: &str, number: u32) -> TestRunner {
    let half = |part: u8| {
        let name = format!("{seed}\0{rule}\0{number}\0{part}");
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).into_bytes()
    };
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(&half(0));
    bytes[16..].copy_from_slice(&half(1));
    // Nothing of a value is ever written to a file by proptest itself.
    let config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// A short text that tells the values of one rule from those of others, in every run with this seed.
pub fn salt(seed: u64, rule: &str) -> String {
    let name = format!("{seed}\0{rule}");
    let mut text = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
        .simple()
        .to_string();
    text.truncate(10);
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::strategy::ValueTree as _;

    use super::*;

    #[test]
    fn the_same_seed_draws_the_same() {
        let draw = |seed, rule, number| {
            let mut runner = runner(seed, rule, number);
            any::<u128>().new_tree(&mut runner).unwrap().current()
        };
        assert_eq!(draw(1, "a", 1), draw(1, "a", 1));
        let others = [draw(2, "a", 1), draw(1, "b", 1), draw(1, "a", 2)];
        assert!(others.iter().all(|other| *other != draw(1, "a", 1)));
    }
}
