use super::*;

fn decimal(text: &str) -> Decimal128 {
    text.parse().unwrap()
}

fn check(function: fn(Decimal128, Decimal128) -> Decimal128, cases: &[(&str, &str, &str)]) {
    for (left, right, expected) in cases {
        let result = function(decimal(left), decimal(right)).to_string();
        assert_eq!(result, *expected, "{left} and {right}");
    }
}

#[test]
fn sums_keep_the_smaller_exponent() {
    check(
        add,
        &[
            ("1.20", "1.30", "2.50"),
            ("1", "-1.00", "0.00"),
            ("0.1", "0.2", "0.3"),
            ("1", "1E-100", "1.000000000000000000000000000000000"),
            ("1", "-1E-100", "1.000000000000000000000000000000000"),
            ("1E+6000", "1", "1.000000000000000000000000000000000E+6000"),
            ("0E+3", "5", "5"),
            ("1E+40", "0E-100", "1.000000000000000000000000000000000E+40"),
            ("9999999999999999999999999999999999", "1", "1.000000000000000000000000000000000E+34"),
            ("9999999999999999999999999999999998", "0.5", "9999999999999999999999999999999998"),
            ("9999999999999999999999999999999997", "0.5", "9999999999999999999999999999999998"),
            ("9.999999999999999999999999999999999E+6144", "1E+6111", "Infinity"),
            ("Infinity", "-Infinity", "NaN"),
            ("Infinity", "1", "Infinity"),
            ("NaN", "1", "NaN"),
        ],
    );
    assert_eq!(subtract(decimal("1.0"), decimal("0.95")).to_string(), "0.05");
}

#[test]
fn products_add_the_exponents() {
    check(
        multiply,
        &[
            ("1.20", "3", "3.60"),
            ("-0.1", "0.1", "-0.01"),
            (
                "1234567890123456789012345678901234",
                "9876543210987654321098765432109876",
                "1.219326311370217952261850327338667E+67",
            ),
            ("1E+6144", "10", "Infinity"),
            ("1E-6176", "0.1", "0E-6176"),
            ("1E-6176", "0.6", "1E-6176"),
            ("Infinity", "0", "NaN"),
            ("-Infinity", "2", "-Infinity"),
        ],
    );
}

#[test]
fn quotients_are_short_where_they_are_exact() {
    check(
        divide,
        &[
            ("1", "4", "0.25"),
            ("2.40", "2", "1.20"),
            ("1", "3", "0.3333333333333333333333333333333333"),
            ("2", "3", "0.6666666666666666666666666666666667"),
            ("100", "10", "10"),
            ("1", "0", "Infinity"),
            ("0", "0", "NaN"),
            ("1", "Infinity", "0E-6176"),
        ],
    );
}

#[test]
fn remainders_have_the_sign_of_the_dividend() {
    check(
        remainder,
        &[
            ("7.5", "2", "1.5"),
            ("-7", "3", "-1"),
            ("1E+100", "7", "4"),
            ("1", "Infinity", "1"),
            ("1", "0", "NaN"),
        ],
    );
}

#[test]
fn roots_are_exact_where_they_can_be() {
    for (number, expected) in [
        ("4", "2"),
        ("2", "1.414213562373095048801688724209698"),
        ("0.25", "0.5"),
        ("1E+3", "31.62277660168379331998893544432719"),
        ("-1", "NaN"),
        ("-0", "-0"),
        ("Infinity", "Infinity"),
    ] {
        assert_eq!(square_root(decimal(number)).to_string(), expected);
    }
}

#[test]
fn places_are_cut_in_every_direction() {
    use Rounding::{Ceiling, Down, Floor, HalfEven};
    for (number, places, rounding, expected) in [
        ("2.5", 0, HalfEven, "2"),
        ("3.5", 0, HalfEven, "4"),
        ("2.51", 0, HalfEven, "3"),
        ("1234", -2, HalfEven, "1.2E+3"),
        ("-2.5", 0, Floor, "-3"),
        ("-2.5", 0, Ceiling, "-2"),
        ("2.5", 0, Ceiling, "3"),
        ("-2.789", 2, Down, "-2.78"),
        ("1.5", 4, HalfEven, "1.5000"),
        ("1E-6000", 0, Ceiling, "1"),
        ("Infinity", 0, Floor, "Infinity"),
    ] {
        let rounded = round(decimal(number), places, rounding).to_string();
        assert_eq!(rounded, expected, "{number} to {places}, {rounding:?}");
    }
}

#[test]
fn doubles_are_worth_fifteen_digits() {
    for (number, expected) in [
        (0.1, "0.100000000000000"),
        (2.5, "2.50000000000000"),
        (1e300, "1.00000000000000E+300"),
        (-123_456_789.125, "-123456789.125000"),
        (0.0, "0"),
        (-0.0, "-0"),
        (f64::NAN, "NaN"),
        (f64::NEG_INFINITY, "-Infinity"),
    ] {
        assert_eq!(from_double(number).to_string(), expected);
    }
    assert_eq!(from_integer(i64::MIN).to_string(), "-9223372036854775808");
    assert!(is_nan(nan()) && is_zero(decimal("-0E+5")) && !is_zero(decimal("1E-6176")));
}
