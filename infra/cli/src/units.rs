//! Figures for people. Exact ones are in the JSON output.

use domain::Money;
use serde::Serializer;

/// Hours in a month, as AWS's calculator counts them.
pub(crate) const HOURS_PER_MONTH: u64 = 730;

/// `3.21 $/h (≈ 2,343 $/month)`.
pub(crate) fn per_hour_and_month(per_hour: Money) -> String {
    format!("{} (≈ {} $/month)", self::per_hour(per_hour), dollars(per_month(per_hour)))
}

/// `3.21 $/h`.
pub(crate) fn per_hour(price: Money) -> String {
    format!("{} $/h", dollars(price))
}

/// What a price per hour comes to in a month of 730 hours.
pub(crate) fn per_month(per_hour: Money) -> Money {
    per_hour * HOURS_PER_MONTH
}

/// Two digits under 1,000 and none above, four under 1: an hour of one machine costs cents.
pub(crate) fn dollars(amount: Money) -> String {
    let nanos = amount.nanos().unsigned_abs();
    let digits = match nanos {
        0 => 2,
        1..1_000_000_000 => 4,
        1_000_000_000..999_995_000_000 => 2,
        _ => 0,
    };
    let unit = 10_u64.pow(9 - digits);
    let rounded = (nanos + unit / 2) / unit;
    let scale = 10_u64.pow(digits);
    let sign = if amount.nanos() < 0 && rounded > 0 { "-" } else { "" };
    let whole = grouped(rounded / scale);
    if digits == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{:0width$}", rounded % scale, width = digits as usize)
}

/// `12,893`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Parts per million as per cent: `41 %`, `0.23 %` where it is under ten.
pub(crate) fn percent(ppm: i64) -> String {
    let (sign, ppm) = if ppm < 0 { ("-", ppm.unsigned_abs()) } else { ("", ppm.unsigned_abs()) };
    if ppm >= 100_000 || ppm == 0 {
        return format!("{sign}{} %", (ppm + 5_000) / 10_000);
    }
    let tenths = (ppm + 500) / 1_000;
    format!("{sign}{}.{} %", tenths / 10, tenths % 10)
}

/// `1 node`, `3 nodes`.
pub(crate) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number as u64))
}

/// Money in JSON: `{"amount": "3.21", "currency": "USD"}`, the amount exact.
pub(crate) fn usd<S: Serializer>(amount: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&json_money(*amount), serializer)
}

/// As [`usd`], for what may be unknown.
pub(crate) fn optional_usd<S: Serializer>(
    amount: &Option<Money>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&amount.map(json_money), serializer)
}

/// As [`usd`], for a JSON value.
pub(crate) fn json_money(amount: Money) -> serde_json::Value {
    serde_json::json!({"amount": amount.to_string(), "currency": "USD"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_as_many_digits_as_its_size_needs() {
        let shown = |usd: &str| dollars(Money::parse_usd(usd).unwrap());
        assert_eq!(shown("0"), "0.00");
        assert_eq!(shown("0.06528"), "0.0653");
        assert_eq!(shown("-0.00001"), "0.0000");
        assert_eq!(shown("3.205"), "3.21");
        assert_eq!(shown("999.994"), "999.99");
        assert_eq!(shown("999.995"), "1,000");
        assert_eq!(shown("-1234567.5"), "-1,234,568");
    }

    #[test]
    fn percentages_under_ten_have_a_tenth() {
        assert_eq!(percent(0), "0 %");
        assert_eq!(percent(2_310), "0.2 %");
        assert_eq!(percent(412_000), "41 %");
        assert_eq!(percent(-15_000), "-1.5 %");
    }
}
