//! The invariants of CONTRIBUTING.md, as tests.

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use fixtures::{Catalogue, VENDORS};

    use crate::rules::{Table, engine_folder, judge_folder, sources};

    fn workspace() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    fn every_source() -> Vec<(PathBuf, String)> {
        ["fixtures", "mock-server", "conformance", "xtask"]
            .iter()
            .flat_map(|member| sources(&workspace().join(member)).unwrap())
            .map(|file| (file.clone(), std::fs::read_to_string(&file).unwrap()))
            .collect()
    }

    #[test]
    fn every_rule_is_enforced_checked_and_broken() {
        for vendor in VENDORS {
            let table = Table::of(vendor).unwrap();
            let gaps = table.gaps(&Catalogue::parse(vendor).unwrap());
            assert!(gaps.is_empty(), "{}", gaps.join("\n"));
        }
    }

    #[test]
    fn the_judge_knows_nothing_of_the_mock() {
        for file in sources(&judge_folder()).unwrap() {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(!text.contains("mock_server"), "{}", file.display());
        }
        let manifest = workspace().join("conformance/Cargo.toml");
        let manifest: toml::Table =
            toml::from_str(&std::fs::read_to_string(manifest).unwrap()).unwrap();
        for dependencies in ["dependencies", "dev-dependencies"] {
            let dependencies = manifest[dependencies].as_table().unwrap();
            assert!(!dependencies.contains_key("mock-server"));
        }
    }

    #[test]
    fn every_file_says_what_lives_in_it() {
        for (file, text) in every_source() {
            assert!(
                text.starts_with("//!"),
                "{} does not open with //!",
                file.display()
            );
        }
    }

    #[test]
    fn the_engines_touch_nothing_outside() {
        let edges = [
            "delivery.rs",
            "env.rs",
            "flags.rs",
            "in_process.rs",
            "log.rs",
            "main.rs",
            "run.rs",
            "serve.rs",
            "start.rs",
        ];
        for file in sources(&engine_folder()).unwrap() {
            if edges.iter().any(|edge| file == engine_folder().join(edge)) {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            // Examples in docs run elsewhere.
            let is_code = |line: &&str| !line.trim_start().starts_with("//");
            let code: Vec<&str> = code.lines().filter(is_code).collect();
            let code = code.join("\n");
            for word in [
                "::now()",
                "std::fs",
                "std::env",
                "TcpStream",
                "std::thread",
                "std::io::std",
                "tokio::",
                "hyper::",
            ] {
                assert!(!code.contains(word), "{} mentions {word}", file.display());
            }
        }
    }

    #[test]
    fn vendors_know_nothing_of_each_other() {
        for vendor in VENDORS {
            let folders = [engine_folder(), judge_folder()]
                .map(|folder| folder.join("vendors").join(vendor.name()));
            for file in folders.iter().flat_map(|folder| sources(folder).unwrap()) {
                let text = std::fs::read_to_string(&file).unwrap();
                for other in VENDORS.iter().filter(|other| **other != vendor) {
                    let path = format!("vendors::{}", other.name());
                    assert!(!text.contains(&path), "{} mentions {path}", file.display());
                }
            }
        }
    }

    #[test]
    fn the_top_level_is_as_agreed() {
        let known = [
            "Cargo.lock",
            "Cargo.toml",
            "README.md",
            "conformance",
            "fixtures",
            "mock-server",
            "target",
            "xtask",
        ];
        for entry in std::fs::read_dir(workspace()).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(
                name.starts_with('.') || known.contains(&name.as_str()),
                "{name} does not belong at the top"
            );
        }
    }
}
