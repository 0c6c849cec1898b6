//! Money in integer nano-USD.

use serde::{Deserialize, Serialize};

/// Nano-dollars in a dollar.
const NANO: i64 = 1_000_000_000;

/// Seconds in an hour.
const HOUR: i128 = 3_600;

/// An amount of US dollars in integer nano-USD: exact to the cent over nine billion dollars.
///
/// Prices are `Money` per hour and say so in their name (`price_per_hour`). Stored and hashed as the
/// integer; the HTTP API shows a decimal string beside its currency.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// From nano-dollars.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// In nano-dollars.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// From a decimal text of dollars such as `0.0416` or `-12`, with at most nine decimals.
    ///
    /// `None` for anything else, and for what does not fit.
    pub fn parse_usd(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(fraction) {
            return None;
        }
        let (kept, rest) = fraction.split_at(fraction.len().min(9));
        if rest.bytes().any(|byte| byte != b'0') {
            return None;
        }
        let fraction: i64 = format!("{kept:0<9}").parse().ok()?;
        let nanos = whole.parse::<i64>().ok()?.checked_mul(NANO)?.checked_add(fraction)?;
        Some(Self(if negative { -nanos } else { nanos }))
    }

    /// This price per hour, paid for `seconds`, rounded half to even.
    #[must_use]
    pub fn for_seconds(self, seconds: u64) -> Self {
        Self::ratio(self, i128::from(seconds), HOUR)
    }

    /// `self × numerator / denominator`, rounded half to even, saturating.
    ///
    /// A denominator of zero gives zero: nothing is a share of nothing.
    #[must_use]
    pub fn ratio(self, numerator: i128, denominator: i128) -> Self {
        if denominator == 0 {
            return Self::ZERO;
        }
        let (numerator, denominator) =
            if denominator < 0 { (-numerator, -denominator) } else { (numerator, denominator) };
        let product = i128::from(self.0) * numerator;
        let (quotient, rest) = (product.div_euclid(denominator), product.rem_euclid(denominator));
        let up = rest * 2 > denominator || (rest * 2 == denominator && quotient % 2 != 0);
        Self::saturated(quotient + i128::from(up))
    }

    /// Share of `whole` in parts per million, rounded down; 0 of nothing.
    pub fn ppm_of(self, whole: Self) -> i64 {
        if whole.0 == 0 {
            return 0;
        }
        (i128::from(self.0) * 1_000_000).div_euclid(i128::from(whole.0)) as i64
    }

    /// The dollars as a float, for mathematics and charts, never for accounts.
    pub fn as_usd(self) -> f64 {
        self.0 as f64 / NANO as f64
    }

    /// The nearest amount to a float of dollars, for what a model computed. Not a number gives zero.
    pub fn from_usd_f64(usd: f64) -> Self {
        Self((usd * NANO as f64).round() as i64)
    }

    fn saturated(nanos: i128) -> Self {
        Self(nanos.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64)
    }
}

impl std::fmt::Display for Money {
    /// All the digits there are and no more, at least two decimals: `0.0416`, `12.00`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let (whole, fraction) = (nanos / NANO as u64, nanos % NANO as u64);
        let digits = format!("{fraction:09}");
        let kept = digits.trim_end_matches('0').len().max(2);
        write!(f, "{sign}{whole}.{}", &digits[..kept])
    }
}

impl std::ops::Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::ops::Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl std::ops::Mul<u64> for Money {
    type Output = Self;
    fn mul(self, count: u64) -> Self {
        Self::saturated(i128::from(self.0) * i128::from(count))
    }
}

impl std::ops::AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::ops::SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |total, amount| total + amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimal_text_is_exact_or_refused() {
        assert_eq!(Money::parse_usd("0.0416"), Some(Money(41_600_000)));
        assert_eq!(Money::parse_usd("-12"), Some(Money(-12_000_000_000)));
        for wrong in ["", ".", "1.", ".5", "1e3", "+1", "0.0000000001", "9999999999999", "--1"] {
            assert_eq!(Money::parse_usd(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_price_for_part_of_an_hour_rounds_half_to_even() {
        assert_eq!(Money(3_600).for_seconds(1), Money(1));
        assert_eq!(Money(1).for_seconds(1_800), Money(0));
        assert_eq!(Money(3).for_seconds(1_800), Money(2));
        assert_eq!(Money(-3).for_seconds(1_800), Money(-2));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed_again(nanos in -i64::MAX..=i64::MAX) {
            prop_assert_eq!(Money::parse_usd(&Money(nanos).to_string()), Some(Money(nanos)));
        }

        #[test]
        fn a_full_hour_costs_the_price(nanos in any::<i64>()) {
            prop_assert_eq!(Money(nanos).for_seconds(3_600), Money(nanos));
        }
    }
}
