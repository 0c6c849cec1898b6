//! How well a resource of a bin can be filled with whole things at all: a bound within `knapsack`.

/// A thing to fill with: what one takes of the resource, how many there are, and what one gains.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) size: f64,
    pub(super) count: u32,
    pub(super) gain: f64,
}

/// By first part and room: the least that is lost by things that gain and are left out, by things that
/// cost and are taken, and by room that stays empty, whatever the other resources are.
#[derive(Debug)]
pub(super) struct Fills<'a> {
    step: f64,
    rooms: usize,
    least: &'a [f64],
    pub(super) work: u64,
}

impl<'a> Fills<'a> {
    /// Made in `table`, whatever is in it. Nothing where the sizes have no common step, or it would take
    /// more than `limit` checks.
    pub(super) fn new(
        table: &'a mut Vec<f64>,
        parts: &[Part],
        capacity: f64,
        price: f64,
        limit: u64,
    ) -> Option<Self> {
        if price <= 0.0 {
            return None;
        }
        // Where the first sizes have too small a step, no others make it larger.
        let fewest = parts.len() as f64 * capacity * 2.0 / 3.0 / limit as f64;
        let step = parts.iter().try_fold(0, |step, part| {
            let whole = part.size.fract() == 0.0 && part.size <= f64::from(u32::MAX);
            let step = whole.then(|| super::gcd(step, part.size as u64))?;
            (step == 0 || step as f64 >= fewest).then_some(step)
        })?;
        if step == 0 {
            return None;
        }
        let rooms = (capacity / step as f64) as usize + 1;
        let steps = |part: &Part| (part.size / step as f64) as usize;
        let times = |part: &Part| match part.gain > 0.0 && part.size > 0.0 {
            true => (part.count as usize).min(rooms / steps(part)),
            false => 1,
        };
        let work = parts.iter().map(|part| (rooms * times(part)) as u64).sum::<u64>() * 2 / 3;
        if work > limit {
            return None;
        }
        let cells = (parts.len() + 1) * rooms;
        table.resize(cells.max(table.len()), 0.0);
        let least = &mut table[..cells];
        for (room, lost) in least[cells - rooms..].iter_mut().enumerate() {
            *lost = room as f64 * step as f64 * price;
        }
        for (at, part) in parts.iter().enumerate().rev() {
            let (these, rest) = least[at * rooms..(at + 2) * rooms].split_at_mut(rooms);
            let (size, times) = (steps(part), times(part));
            these.copy_from_slice(rest);
            if size == 0 {
                continue;
            }
            if part.gain <= 0.0 {
                for room in size..rooms {
                    these[room] = these[room].min(these[room - size] - part.gain);
                }
                continue;
            }
            // Without any, then with one more each time.
            let all = part.gain * f64::from(part.count);
            for lost in &mut *these {
                *lost += all;
            }
            for count in (1..=times).take_while(|count| count * size < rooms) {
                let out = all - part.gain * count as f64;
                for (lost, rest) in these[count * size..].iter_mut().zip(&*rest) {
                    let with = rest + out;
                    *lost = if with < *lost { with } else { *lost };
                }
            }
        }
        Some(Self { step: step as f64, rooms, least: &*least, work })
    }

    /// What is lost at least by parts from `from` on in so much room.
    pub(super) fn least(&self, from: usize, room: f64) -> f64 {
        self.least[from * self.rooms + (room / self.step) as usize]
    }
}
