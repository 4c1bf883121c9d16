//! Every exit code, each with the line that says why; and wrong usage, wrong files and wrong servers of every kind.

use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use conformance::target::documented_hosts;
use fixtures::{VENDORS, Vendor};
use tempfile::TempDir;

use crate::control::{Answer, Control, Raw, answer, write};
use crate::mock::Mock;
use crate::program::{Ended, call};

/// What a server of Chase says to a body that does not fit.
const UNFIT: &str =
    r#"{"detail":[{"type":"missing","loc":["body","email"],"msg":"Field required","input":{}}]}"#;

fn chase() -> Vendor {
    fixtures::vendor("chase").expect("it is a vendor")
}

/// A server that gives one answer to all.
fn constant(status: u16, body: &'static str) -> Control {
    Control::start(move |_, _| Some(answer(status, "application/json", body)))
}

/// A file in a folder of its own, which goes when the folder does.
fn file(text: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("there is room");
    let path = folder.path().join("file.toml");
    fs::write(&path, text).expect("there is room");
    (folder, path)
}

fn with_target(task: &str, text: &str) -> Ended {
    let (_folder, path) = file(text);
    call(task)
        .and("--target")
        .argument(path.display().to_string())
        .run()
}

// Exit codes.

#[test]
fn proven_is_0() {
    let mock = Mock::start();
    let judged = call("run --only comm100.mark.unknown_name --base-url")
        .argument(&mock.http)
        .run();
    judged.says(0, "1 of 1 gating rule proven");
    assert_eq!(judged.stderr, "");
    for task in ["plan", "doctor"] {
        let ended = call(task).and("--base-url").argument(&mock.http).run();
        ended.says(0, "");
        assert!(!ended.stdout.is_empty());
    }
    for task in ["list", "explain comm100.mark.unknown_name", "coverage"] {
        assert!(!call(task).run().says(0, "").stdout.is_empty());
    }
    call("--version").run().says(0, env!("CARGO_PKG_VERSION"));
    call("--help").run().says(0, "Exit codes");
}

#[test]
fn a_gating_failure_is_1() {
    let server = constant(500, "");
    call("run --strict --only chase.http --access write")
        .at(&server.url(), chase())
        .run()
        .says(1, "gating rule");
}

#[test]
fn wrong_usage_is_2() {
    call("").run().says(2, "Usage");
    call("judge").run().refuses("judge");
    call("run").run().refuses("--base-url");
}

#[test]
fn a_stale_known_failure_is_3() {
    let mock = Mock::start();
    for (text, why) in [
        (
            "[[known]]\nrule = \"comm100.mark.unknown_name\"\nreason = \"It was so.\"\n",
            "comm100.mark.unknown_name",
        ),
        (
            "[[known]]\nrule = \"comm100.mark.no_such\"\nreason = \"It was so.\"\n",
            "comm100.mark.no_such",
        ),
    ] {
        let (_folder, path) = file(text);
        let ended = call("run --only comm100.mark.unknown_name --base-url")
            .argument(&mock.http)
            .and("--known")
            .argument(path.display().to_string())
            .run();
        ended.says(3, "one entry of the known-failures file is stale");
        assert!(ended.stdout.contains(why), "{ended:?}");
    }
}

#[test]
fn too_little_proven_is_4() {
    let server = constant(422, UNFIT);
    // Nothing is known of it: no key, no contact.
    let ended = call("run --vendor chase --access write --only chase.conversion --base-url")
        .argument(server.url())
        .run();
    ended.says(4, "are asked for");
    assert_eq!(server.seen().len(), 0);
    let asks_for_less =
        call("run --vendor chase --access write --only chase.conversion --min-proven 0 --base-url");
    asks_for_less.argument(server.url()).run().says(0, "proven");
}

#[test]
fn nobody_there_is_5() {
    let gone = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let url = format!("http://{}", gone.local_addr().expect("it is bound"));
    drop(gone);
    for task in ["run", "doctor"] {
        call(task)
            .and("--access read")
            .at(&url, chase())
            .run()
            .complains(5, "cannot connect to");
    }
    call("run --timeout 5 --base-url http://nobody.invalid --vendor chase")
        .variable("CHASE_API_KEY", "key")
        .run()
        .complains(5, "nobody.invalid");
}

#[test]
fn refused_credentials_are_5() {
    let server = constant(401, r#"{"detail":"Unauthorized"}"#);
    call("run --access write")
        .at(&server.url(), chase())
        .run()
        .complains(5, "refuses the credentials with 401");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_budget_too_small_is_6() {
    let mock = Mock::start();
    call("run --only comm100.mark --budget 0 --base-url")
        .argument(&mock.http)
        .run()
        .says(6, "the budget is too small");
}

#[test]
fn a_quota_is_6() {
    let server = constant(429, "");
    call("run --access write")
        .at(&server.url(), chase())
        .run()
        .complains(6, "429 in a row");
    assert_eq!(server.seen().len(), 2);
}

#[test]
fn a_vendor_s_own_host_without_grant_is_7() {
    for vendor in VENDORS {
        let name = vendor.name();
        let account = |writes_to: &str, host: &str| {
            format!("access = \"write\"\n[{name}]\nbase_url = \"http://{host}\"\n{writes_to}\n")
        };
        for host in documented_hosts(vendor) {
            for host in [
                host.clone(),
                host.to_ascii_uppercase(),
                // The same host, written as resolvers take it.
                format!("{host}."),
                format!("{host}:8080"),
            ] {
                // What was sent all the same would fail on its way to such a name, and end otherwise.
                call("run --access write")
                    .at(&format!("http://{host}/path"), vendor)
                    .run()
                    .complains(7, "refused before sending anything");
                for (task, text) in [
                    ("run", account("", &host)),
                    ("run --write-to mine", account("", &host)),
                    ("run", account("writes_to = \"mine\"", &host)),
                    (
                        "run --write-to other",
                        account("writes_to = \"mine\"", &host),
                    ),
                ] {
                    with_target(task, &text).complains(7, "refused before sending anything");
                }
            }
        }
    }
}

#[test]
fn the_admin_api_is_never_asked_of_a_vendor() {
    for vendor in VENDORS {
        let host = documented_hosts(vendor).swap_remove(0);
        let text = format!("[admin]\nbase_url = \"http://{host}\"\n");
        with_target("run", &text).complains(7, "refused before sending anything");
    }
}

#[test]
fn more_access_than_granted_is_7() {
    let server = constant(422, UNFIT);
    let text = format!(
        "access = \"read\"\n[chase]\nbase_url = \"{}\"\n",
        server.url()
    );
    with_target("run --access write", &text).complains(7, "more than the target file grants");
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn a_fault_of_ours_or_of_the_mock_is_70() {
    // It says it is a mock, and makes no sandbox.
    let server = Control::start(|parts, _| {
        let known = parts.uri.path() == "/__admin/health";
        Some(if known {
            answer(200, "application/json", r#"{"status":"ok","version":"1"}"#)
        } else {
            answer(500, "application/json", "{}")
        })
    });
    call("run --base-url")
        .argument(server.url())
        .run()
        .complains(70, "no sandbox could be made: 500");
}

// Flags.

#[test]
fn bad_values_are_named() {
    for (flag, values) in [
        ("--access", &["all", ""][..]),
        ("--seed", &["-1", "x", "18446744073709551616"]),
        ("--cases", &["-1", "x", "4294967296"]),
        ("--budget", &["-1", "x", "1.5"]),
        ("--rate", &["0", "0/s", "-1/s", "x", "inf", "1/m"]),
        ("--jobs", &["0", "65", "x"]),
        ("--timeout", &["0", "-1", "x", "inf", "1e9"]),
        ("--min-proven", &["-1", "101", "x", "nan"]),
        ("--shard", &["0/3", "4/3", "1", "x/y", "1/0"]),
        ("--vendor", &["other", "Chase", ""]),
        (
            "--report",
            &["pdf", "json", "json=", "human=x", "github=x", ""],
        ),
    ] {
        for value in values {
            call("run --base-url http://127.0.0.1:1")
                .argument(format!("{flag}={value}"))
                .run()
                .refuses(flag);
        }
    }
    for url in [
        "",
        "127.0.0.1",
        "ftp://127.0.0.1",
        "http://",
        "http://127.0.0.1?a",
        "http://127.0.0.1#a",
        "http://127.0.0.1:99999",
        "http://a b",
    ] {
        for task in ["run", "plan", "doctor", "selftest"] {
            call(task).and("--base-url").argument(url).run().refuses("");
        }
    }
    let with_password = call("run --base-url http://me:pa55word@127.0.0.1:1").run();
    assert!(
        !with_password
            .refuses("127.0.0.1")
            .stderr
            .contains("pa55word")
    );
}

#[test]
fn the_largest_values_are_taken() {
    let mock = Mock::start();
    call("plan --cases 4294967295 --seed 18446744073709551615 --budget 18446744073709551615 --shard 4294967295/4294967295 --jobs 64 --timeout 3600 --rate 1e300/s --base-url")
        .argument(&mock.http)
        .run()
        .says(0, "requests at the most");
    call("selftest --seed 18446744073709551615 --seeds 2 --only comm100.mark.unknown_name --cases 0 --base-url")
        .argument(&mock.http)
        .run()
        .says(0, "");
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let (_folder, path) = file("[chase]\nbase_url = \"http://127.0.0.1:1\"\n");
    let target = path.display().to_string();
    call("run --base-url http://127.0.0.1:1 --target")
        .argument(&target)
        .run()
        .refuses("cannot be used with");
    let at = |flags: &str| call("run --target").argument(&target).and(flags).run();
    at("--vendor impact").refuses("impact");
    at("--only chase.key --skip chase.key").refuses("leave no rule over");
    at("--only impact.items").refuses("leave no rule over");
    at("--access admin").refuses("admin");
    at("--report json=a.json --report md=a.json").refuses("two reports");
    call("run --access read --base-url http://127.0.0.1:1")
        .run()
        .refuses("exactly one --vendor");
}

#[test]
fn a_flag_counts_more_than_a_variable() {
    let server = constant(401, "");
    let elsewhere = "http://127.0.0.1:1";
    call("run --access write")
        .at(&server.url(), chase())
        .variable("CONFORMANCE_BASE_URL", elsewhere)
        .run()
        .complains(5, "refuses the credentials");
    let (_folder, path) = file(&format!(
        "access = \"write\"\n[chase]\nbase_url = \"{}\"\napi_key = {{ env = \"KEY\" }}\n",
        server.url()
    ));
    call("run --target")
        .argument(path.display().to_string())
        .variable("KEY", "something")
        .variable("CONFORMANCE_BASE_URL", elsewhere)
        .run()
        .complains(5, "refuses the credentials");
}

#[test]
fn an_unknown_rule_is_answered_with_the_nearest() {
    for task in ["run --base-url http://127.0.0.1:1 --vendor chase", "list"] {
        for flag in ["--only", "--skip"] {
            call(task)
                .and(flag)
                .and("comm100.marks")
                .run()
                .complains(2, "the nearest is comm100.mark;");
        }
    }
    call("explain comm100.mark.unknown_nam")
        .run()
        .complains(2, "comm100.mark.unknown_name");
}

#[test]
fn a_part_without_rules_has_nothing_to_prove() {
    let mock = Mock::start();
    let mut ended: Vec<i32> = (1..=3)
        .map(|part| {
            call("run --only comm100.mark.unknown_name --base-url")
                .argument(&mock.http)
                .and(&format!("--shard {part}/3"))
                .run()
                .code
        })
        .collect();
    ended.dedup();
    assert_eq!(ended, [0]);
}

// Files.

#[test]
fn files_that_cannot_be_read_are_named() {
    let server = constant(422, UNFIT);
    let folder = TempDir::new().expect("there is room");
    let none = folder.path().join("none.toml").display().to_string();
    let is_folder = folder.path().display().to_string();
    for path in [&none, &is_folder] {
        call("run --target")
            .argument(path)
            .run()
            .complains(2, &format!("cannot read the target file {path}"));
        call("run --access write --known")
            .argument(path)
            .at(&server.url(), chase())
            .run()
            .complains(2, &format!("cannot read {path}"));
    }
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn files_that_do_not_read_are_named() {
    let server = constant(422, UNFIT);
    for (text, about) in [
        ("", "names no vendor"),
        ("nonsense", "line 1"),
        ("\u{0}", "line 1"),
        ("access = \"all\"\n", "access"),
        ("[chase]\n", "no base_url"),
        ("[chase]\nbase_url = 1\n", "has to be a text"),
        ("[chase]\nbase_url = \"x\"\n", "http://"),
        (
            "[chase]\nbase_url = \"http://a\"\napi_kee = \"x\"\n",
            "api_key",
        ),
        (
            "[chase]\nbase_url = \"http://a\"\napi_key = { env = \"NOT_SET\" }\n",
            "NOT_SET is not set",
        ),
        (
            "[chase]\nbase_url = \"http://a\"\napi_key = { file = \"x\" }\n",
            "line 3",
        ),
        ("[admin]\n", "base_url"),
        ("[other]\n", "other"),
    ] {
        with_target("run", text).refuses(about);
    }
    for (text, about) in [
        ("nonsense", "line 1"),
        ("[[known]]\nrule = \"chase.key\"\n", "reason"),
        ("[[known]]\nrule = \"chase.key\"\nreason = \"\"\n", "reason"),
        (
            "[[known]]\nrule = \"chase.key\"\nreason = \"It is.\"\nexpires = \"soon\"\n",
            "expires",
        ),
    ] {
        let (_folder, path) = file(text);
        call("run --access write --known")
            .argument(path.display().to_string())
            .at(&server.url(), chase())
            .run()
            .refuses(about);
    }
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn a_report_that_cannot_be_written_is_said_before_anything_is_sent() {
    let server = constant(422, UNFIT);
    let (folder, path) = file("");
    for report in [path.join("report"), folder.path().to_owned()] {
        for form in ["json", "junit", "html", "md"] {
            call("run --access write --report")
                .argument(format!("{form}={}", report.display()))
                .at(&server.url(), chase())
                .run()
                .complains(2, &report.display().to_string());
        }
    }
    assert_eq!(server.seen().len(), 0);
}

#[cfg(unix)]
#[test]
fn a_secret_that_everybody_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = constant(401, "");
    let text = format!(
        "[chase]\nbase_url = \"{}\"\napi_key = \"a-literal-secret\"\n",
        server.url()
    );
    for (mode, warnings) in [(0o600, 0), (0o644, 1)] {
        let (_folder, path) = file(&text);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it is ours");
        let ended = call("run --target")
            .argument(path.display().to_string())
            .run();
        ended.says(5, "refuses the credentials");
        let warned = ended
            .stderr
            .lines()
            .filter(|line| line.starts_with("warning: ") && line.contains("[chase] api_key"));
        assert_eq!(warned.count(), warnings, "{ended:?}");
        assert!(!ended.stderr.contains("a-literal-secret"));
    }
}

// Servers.

#[test]
fn a_certificate_that_nobody_vouches_for_is_5() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])
        .expect("a name makes a certificate");
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der())
        .expect("it was just made");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .expect("they belong together");
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection =
                rustls::ServerConnection::new(Arc::clone(&config)).expect("it is sound");
            // The client breaks it off.
            let _broken = connection.complete_io(&mut stream);
        }
    });
    call("run --access write")
        .at(&format!("https://localhost:{port}"), chase())
        .run()
        .complains(5, "with TLS: invalid peer certificate");
    // And a server that speaks no TLS at all.
    let plain = Raw::start(|_, _| {});
    call("run --access write")
        .at(&plain.url().replace("http:", "https:"), chase())
        .and("--timeout 2")
        .run()
        .says(5, "");
}

#[test]
fn redirects_are_answers() {
    let server = Control::start(|parts, _| {
        let mut answer: Answer = answer(302, "", "");
        let itself = parts.uri.path().parse().expect("a path is a value");
        answer.headers_mut().insert("Location", itself);
        Some(answer)
    });
    let (ended, report) = call("run --strict --access write --only chase.http --cases 1")
        .at(&server.url(), chase())
        .report();
    ended.says(1, "");
    let sent = report.expect("the run began").requests.sent;
    assert!(server.seen().len() as u64 <= sent);
}

const FINE: &[u8] = b"HTTP/1.1 422 Unprocessable Entity\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

/// Meets a wrong server twice: wrong from the beginning, and wrong once the run is under way.
fn meets(later: u8, speak: fn(&mut TcpStream)) {
    let server = Raw::start(move |stream, _| speak(stream));
    let at_once = call("run --access write --timeout 5")
        .at(&server.url(), chase())
        .run();
    at_once.complains(5, "chase at http://127.0.0.1");
    let server = Raw::start(move |stream, number| {
        if number == 0 {
            write(stream, FINE);
        } else {
            speak(stream);
        }
    });
    // Some requests of these rules go through the HTTP library, some are written by hand.
    let ended = call("run --strict --access write --timeout 2 --cases 1 --jobs 16 --only chase.key --only chase.http")
        .at(&server.url(), chase())
        .run();
    ended.says(later, "");
    assert!(ended.took < Duration::from_secs(60), "{ended:?}");
}

#[test]
fn an_endless_body_is_cut_off() {
    meets(1, |stream| {
        write(
            stream,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        );
        let chunk = [&b"2000\r\n"[..], &[b'x'; 0x2000], b"\r\n"].concat();
        while write(stream, &chunk) {}
    });
}

#[test]
fn an_endless_body_without_a_length_is_cut_off() {
    meets(1, |stream| {
        write(stream, b"HTTP/1.1 200 OK\r\n\r\n");
        while write(stream, &[b'x'; 0x2000]) {}
    });
}

#[test]
fn a_body_of_a_gibibyte_is_not_read() {
    meets(1, |stream| {
        write(
            stream,
            b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n",
        );
        while write(stream, &[b'x'; 0x2000]) {}
    });
}

#[test]
fn a_length_beyond_all_numbers_is_no_length() {
    meets(1, |stream| {
        write(
            stream,
            b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx",
        );
    });
}

#[test]
fn a_chunk_beyond_all_numbers_is_no_chunk() {
    meets(1, |stream| {
        write(
            stream,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffe\r\nx",
        );
    });
}

#[test]
fn too_many_headers_are_not_read() {
    meets(1, |stream| {
        write(stream, b"HTTP/1.1 200 OK\r\n");
        for _ in 0..100_000 {
            if !write(stream, b"X-More: and more\r\n") {
                return;
            }
        }
        write(stream, b"\r\n");
    });
}

#[test]
fn an_endless_header_is_not_read() {
    meets(1, |stream| {
        write(stream, b"HTTP/1.1 200 OK\r\nX-More: ");
        while write(stream, &[b'x'; 0x2000]) {}
    });
}

#[test]
fn interim_answers_without_end_are_not_awaited() {
    meets(1, |stream| {
        let many = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1000);
        while write(stream, &many) {}
    });
}

#[test]
fn a_connection_closed_half_way_is_no_answer() {
    meets(1, |stream| {
        write(
            stream,
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half\":",
        );
    });
}

#[test]
fn a_connection_closed_in_the_head_is_no_answer() {
    meets(1, |stream| {
        write(stream, b"HTTP/1.1 200 OK\r\nContent-Le");
    });
}

#[test]
fn a_connection_closed_at_once_is_no_answer() {
    meets(1, |_| {});
}

#[test]
fn another_protocol_is_no_answer() {
    meets(1, |stream| {
        write(stream, b"SSH-2.0-OpenSSH_9.6\r\n");
    });
}

#[test]
fn a_status_beyond_http_is_no_answer() {
    meets(1, |stream| {
        write(stream, b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n");
    });
}

#[test]
fn an_unknown_encoding_is_an_answer_that_no_rule_knows() {
    let server = Control::start(|_, _| {
        let mut answer = answer(
            202,
            "application/json; charset=x-unknown",
            &[0xFF, 0, 0xFE][..],
        );
        let unknown = http::HeaderValue::from_static("x-unknown");
        answer.headers_mut().insert("Content-Encoding", unknown);
        Some(answer)
    });
    call("run --strict --access write --only chase.conversion --only chase.http --cases 1")
        .at(&server.url(), chase())
        .run()
        .says(1, "gating rule");
    meets(1, |stream| {
        write(
            stream,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x-unknown\r\nContent-Length: 3\r\n\r\n",
        );
        let _flushed = stream.flush();
    });
}
