use super::*;

#[track_caller]
fn check(pattern: &str, options: &str, matching: &[&str], others: &[&str]) {
    let pattern = Pattern::new(pattern, options).unwrap();
    for text in matching {
        assert!(pattern.is_match(text).unwrap(), "{pattern:?} misses {text:?}");
    }
    for text in others {
        assert!(!pattern.is_match(text).unwrap(), "{pattern:?} finds {text:?}");
    }
}

#[track_caller]
fn check_error(pattern: &str, options: &str, code: MongoCode) {
    assert_eq!(Pattern::new(pattern, options).unwrap_err().code, code, "{pattern}");
}

#[test]
fn options_are_flags() {
    check("^ab", "i", &["ABC"], &["xab"]);
    check("^b$", "m", &["a\nb\nc"], &["a\nbc"]);
    check("a.b", "", &["axb"], &["a\nb"]);
    check("a.b", "s", &["a\nb"], &["ab"]);
    check("a b # and so on [\n c", "x", &["abc"], &["a b c"]);
    check("é", "i", &["É"], &["e"]);
    check("a", "iiu", &["A"], &["b"]);
    check_error("a", "g", MongoCode::REGEX_FLAG_INVALID);
}

#[test]
fn the_end_is_before_a_last_newline_too() {
    check("b$", "", &["ab", "ab\n"], &["ab\n\n", "b a"]);
    check(r"b\Z", "", &["ab", "ab\n"], &["ba"]);
    check(r"b\z", "", &["ab"], &["ab\n"]);
    check("(?m)a$", "", &["a\nb"], &["ab"]);
    check("^$", "", &["", "\n"], &["a"]);
}

#[test]
fn sets_are_those_of_ascii() {
    check(r"^\d+$", "", &["19"], &["١"]);
    check(r"^\w+$", "", &["a_1"], &["é"]);
    check(r"^\s$", "", &[" ", "\t"], &["\u{a0}"]);
    check(r"^\W$", "", &["é", "-"], &["a"]);
    check(r"^[\w.-]+$", "", &["a-b.c"], &["a b"]);
    check(r"^[\w-.]+$", "", &["a-b.c"], &["a,b", "a b"]);
    check(r"^[a-\d]$", "", &["a", "-", "7"], &["b"]);
    check(r"^[^\s\d]$", "", &["a"], &["1", " "]);
    check(r"^[\D]$", "", &["a"], &["1"]);
    check(r"^\h\H$", "", &[" a"], &["aa"]);
    check(r"^\p{Lu}\PL$", "", &["É1"], &["é1"]);
}

#[test]
fn classes_hold_plain_characters() {
    check("^[[]$", "", &["["], &["a"]);
    check("^[]a]+$", "", &["]a"], &["b"]);
    check("^[^]]$", "", &["a"], &["]"]);
    check("^[a&&b]$", "", &["&", "a"], &["c"]);
    check("^[a~~b--c]$", "", &["~", "a"], &["z"]);
    check("^[a-]$", "", &["-", "a"], &["b"]);
    check("^[[:alpha:][:^alpha:]]$", "", &["a", "1"], &[""]);
    check(r"^[\]\\\[\b\x41\101\^]+$", "", &["]\\[\u{8}A^"], &["b"]);
    check("^[a b]$", "x", &[" "], &["c"]);
    check("^[#]$", "x", &["#"], &["a"]);
    check("^[é-ü]$", "", &["ö"], &["a"]);
}

#[test]
fn braces_and_brackets_may_be_plain() {
    check("^a{2}$", "", &["aa"], &["a"]);
    check("^a{2,}$", "", &["aaa"], &["a"]);
    check("^{a}$", "", &["{a}"], &["a"]);
    check("^a{,2}$", "", &["a{,2}"], &["aa"]);
    check("a{", "", &["a{"], &["a"]);
    check("^]$", "", &["]"], &["["]);
}

#[test]
fn escapes_stand_for_characters() {
    check(r"^\/\-\_\<\>\@$", "", &["/-_<>@"], &["/"]);
    check(r"^\x41\x{1F600}\t\e\cA\0$", "", &["A😀\t\x1b\x01\0"], &["A"]);
    check(r"^\Qa.b[\E.$", "", &["a.b[x"], &["axb[x"]);
    check(r"^a\ b$", "x", &["a b"], &["ab"]);
    check(r"a(?#no [such] thing)b", "", &["ab"], &["a"]);
    check(r"^\R$", "", &["\r\n", "\n"], &["a"]);
    check_error(r"\u0041", "", MongoCode::REGEX_INVALID);
    check_error("a\\", "", MongoCode::REGEX_INVALID);
}

#[test]
fn patterns_look_around_and_refer_back() {
    check(r"^(?=.*\d)(?=.*[a-z]).{4,}$", "", &["abc1"], &["abcd", "a1"]);
    check(r"(?<!un)done", "", &["done"], &["undone"]);
    check(r"^(a|b)\1$", "", &["aa"], &["ab"]);
    check(r"^(?<x>a|b)\k<x>\g{1}$", "", &["aaa"], &["aab"]);
    check(r"^(?>a+)b$", "", &["aab"], &["aac"]);
    check(r"^a++b$", "", &["aab"], &["a"]);
}

#[test]
fn broken_patterns_are_refused() {
    for pattern in ["(", ")", "[a", "*a", "a**", "(?P<", r"(\2)"] {
        check_error(pattern, "", MongoCode::REGEX_INVALID);
    }
    check_error(&"(".repeat(100_000), "", MongoCode::REGEX_INVALID);
    check_error(&"(a".repeat(10_000), "", MongoCode::REGEX_INVALID);
    check_error("(?:a{1000}){1000}{1000}", "", MongoCode::REGEX_INVALID);
}

#[test]
fn endless_backtracking_ends_in_an_error() {
    let pattern = Pattern::new(r"^(?=((a+)+)+b)\1$", "").unwrap();
    let error = pattern.is_match(&"a".repeat(100)).unwrap_err();
    assert_eq!(error.code, MongoCode::REGEX_EXECUTION_FAILED);
    // Without look-around it takes linear time.
    check("^((a+)+)+b$", "", &["aab"], &["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]);
}

#[test]
fn compiling_counts_as_steps_and_as_memory() {
    use crate::{MongoCode, gathered_bytes, with_steps};

    let compiles = |pattern: &str| with_steps(10_000, || Pattern::new(pattern, "").is_ok());
    for (pattern, is_short) in
        [("^abc", true), (r"\d+-\d+", true), (r"\w+@\w+", false), (r"\p{L}{50}", false)]
    {
        assert_eq!(compiles(pattern), is_short, "{pattern}");
    }
    let many = || (0..1000).try_for_each(|_| Pattern::new("(?=a)b", "").map(drop));
    let stopped = with_steps(100_000, many).unwrap_err();
    assert_eq!(stopped.code, MongoCode::INTERRUPTED);
    with_steps(1_000_000, || {
        Pattern::new(r"\w{10}", "").unwrap();
        assert!(gathered_bytes() > 1_000_000);
    });
}

#[test]
fn a_search_that_might_take_long_is_refused() {
    let text = "a".repeat(1 << 18);
    for (pattern, len_max) in [
        ("(?=.*z)a", 4096),
        ("(?!.+z)a", 4096),
        ("(?>a+)b", 4096),
        ("a++b", 4096),
        (".{1000}z", 67_000),
        (r"^(?=.*\d)a", 1 << 18),
        ("[a-z]+z", 1 << 18),
        ("(?=z)a", 1 << 18),
    ] {
        let pattern = Pattern::new(pattern, "").unwrap();
        assert!(pattern.is_match(&text[..len_max.min(4096)]).is_ok(), "{pattern:?}");
        let whole = pattern.is_match(&text);
        match len_max < text.len() {
            true => assert_eq!(
                whole.unwrap_err().code,
                MongoCode::REGEX_EXECUTION_FAILED,
                "{pattern:?}"
            ),
            false => assert!(whole.is_ok(), "{pattern:?}"),
        }
    }
    check_error(&format!("({}){{1000}}", "a{1000}"), "", MongoCode::REGEX_INVALID);
}
