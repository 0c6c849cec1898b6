//! Kubernetes quantities: `100m`, `1.5Gi`, `2e3`, `128974848`.
//!
//! The grammar is that of apimachinery's `resource.Quantity`: a signed decimal number with a binary
//! suffix (`Ki` … `Ei`), a decimal one (`n u m k M G T P E`) or a decimal exponent (`e3`, `E-2`).

use serde::{Deserialize, Deserializer, de};
use std::str::FromStr;

/// An amount, kept exactly in billionths; finer parts are rounded up, as Kubernetes does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Quantity(i128);

/// Billionths in one.
const ONE: i128 = 1_000_000_000;
/// Bytes in a MiB.
const MIB: i128 = 1 << 20;

/// The text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a quantity such as 100m, 1.5Gi or 2e3")]
pub struct ParseQuantityError(String);

impl Quantity {
    /// Whole units, such as GPUs or pods, rounded up.
    pub fn units_up(self) -> u64 {
        ceil(self.0, ONE)
    }

    /// Whole units, rounded down.
    pub fn units_down(self) -> u64 {
        floor(self.0, ONE)
    }

    /// Thousandths, rounded up: a request for CPU.
    pub fn milli_up(self) -> u64 {
        ceil(self.0, ONE / 1000)
    }

    /// Thousandths, rounded down: a node's CPU.
    pub fn milli_down(self) -> u64 {
        floor(self.0, ONE / 1000)
    }

    /// Bytes as MiB, rounded up: a request for memory.
    pub fn mib_up(self) -> u64 {
        ceil(self.0, ONE * MIB)
    }

    /// Bytes as MiB, rounded down: a node's memory.
    pub fn mib_down(self) -> u64 {
        floor(self.0, ONE * MIB)
    }
}

impl std::ops::AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

fn ceil(amount: i128, unit: i128) -> u64 {
    let whole = amount.div_euclid(unit) + i128::from(amount.rem_euclid(unit) > 0);
    u64::try_from(whole.max(0)).unwrap_or(u64::MAX)
}

fn floor(amount: i128, unit: i128) -> u64 {
    u64::try_from(amount.div_euclid(unit).max(0)).unwrap_or(u64::MAX)
}

impl FromStr for Quantity {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        parse(text).ok_or_else(|| ParseQuantityError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Quantity> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let is_number = |letter: char| letter.is_ascii_digit() || letter == '.';
    let end = unsigned.find(|letter| !is_number(letter)).unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || fraction.contains('.') {
        return None;
    }
    let (binary, exponent) = scale(suffix)?;
    let digits = whole.bytes().chain(fraction.bytes());
    let mut mantissa: i128 = 0;
    for digit in digits {
        mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?;
    }
    let power = exponent.checked_add(9)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    let scaled = mantissa.checked_mul(1i128 << binary)?;
    let amount = match u32::try_from(power) {
        Ok(power) => scaled.checked_mul(10i128.checked_pow(power)?)?,
        Err(_) => match 10i128.checked_pow(power.unsigned_abs()) {
            Some(divisor) => {
                scaled.div_euclid(divisor) + i128::from(scaled.rem_euclid(divisor) > 0)
            }
            None => i128::from(scaled > 0),
        },
    };
    Some(Quantity(if negative { -amount } else { amount }))
}

/// Powers of two and of ten that a suffix stands for.
fn scale(suffix: &str) -> Option<(u32, i32)> {
    Some(match suffix {
        "" => (0, 0),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        _ => (0, suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    })
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QuantityVisitor)
    }
}

/// A quantity is a JSON string, or a number where a person wrote the manifest.
struct QuantityVisitor;

impl de::Visitor<'_> for QuantityVisitor {
    type Value = Quantity;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a quantity such as \"100m\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Quantity, E> {
        Ok(Quantity(i128::from(number) * ONE))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Quantity, E> {
        Ok(Quantity(i128::from(number) * ONE))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Quantity, E> {
        number.to_string().parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_follow_the_api_machinery() {
        let table = [
            "0",
            "1",
            "100m",
            "0.5",
            ".5",
            "5.",
            "1k",
            "1Ki",
            "1.5Gi",
            "128974848",
            "129e6",
            "129E6",
            "1E",
            "2e-3",
            "1n",
            "0.1n",
            "123Mi",
            "1Ei",
            "+1",
            "-1",
            "100u",
            "1e3Ki",
            "",
            "m",
            "1.2.3",
            "1kb",
            "1 Gi",
            "ten",
            "1e",
            "1e999999999",
            "99999999999999999999999999999999999999999",
        ];
        let rows: Vec<String> = table
            .iter()
            .map(|text| match text.parse::<Quantity>() {
                Ok(Quantity(nanos)) => format!("{text:>12} {nanos}e-9"),
                Err(error) => error.to_string(),
            })
            .collect();
        expect_test::expect![[r#"
                       0 0e-9
                       1 1000000000e-9
                    100m 100000000e-9
                     0.5 500000000e-9
                      .5 500000000e-9
                      5. 5000000000e-9
                      1k 1000000000000e-9
                     1Ki 1024000000000e-9
                   1.5Gi 1610612736000000000e-9
               128974848 128974848000000000e-9
                   129e6 129000000000000000e-9
                   129E6 129000000000000000e-9
                      1E 1000000000000000000000000000e-9
                    2e-3 2000000e-9
                      1n 1e-9
                    0.1n 1e-9
                   123Mi 128974848000000000e-9
                     1Ei 1152921504606846976000000000e-9
                      +1 1000000000e-9
                      -1 -1000000000e-9
                    100u 100000e-9
            "1e3Ki" is not a quantity such as 100m, 1.5Gi or 2e3
            "" is not a quantity such as 100m, 1.5Gi or 2e3
            "m" is not a quantity such as 100m, 1.5Gi or 2e3
            "1.2.3" is not a quantity such as 100m, 1.5Gi or 2e3
            "1kb" is not a quantity such as 100m, 1.5Gi or 2e3
            "1 Gi" is not a quantity such as 100m, 1.5Gi or 2e3
            "ten" is not a quantity such as 100m, 1.5Gi or 2e3
            "1e" is not a quantity such as 100m, 1.5Gi or 2e3
            "1e999999999" is not a quantity such as 100m, 1.5Gi or 2e3
            "99999999999999999999999999999999999999999" is not a quantity such as 100m, 1.5Gi or 2e3"#]].assert_eq(&rows.join("\n"));
    }

    #[test]
    fn requests_are_rounded_up_and_capacities_down() {
        let cpu: Quantity = "1500100u".parse().unwrap();
        assert_eq!((cpu.milli_up(), cpu.milli_down()), (1501, 1500));
        let memory: Quantity = "1000M".parse().unwrap();
        assert_eq!((memory.mib_up(), memory.mib_down()), (954, 953));
        let negative: Quantity = "-1".parse().unwrap();
        assert_eq!((negative.units_up(), negative.units_down()), (0, 0));
    }
}
