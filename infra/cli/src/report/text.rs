//! The report as text for people.

mod lists;
mod moves;

use super::model::{Report, Saving, Side};
use crate::output::Look;
use crate::units::{count, dollars, grouped, per_hour, per_hour_and_month, per_month, percent};
use comfy_table::{CellAlignment, ContentArrangement, Table};
use domain::Money;

/// How many of a kind are shown unless all are asked for.
const SHOWN: usize = 3;

/// The whole report, ending in a line's end.
pub(crate) fn render(report: &Report, look: Look, all: bool) -> String {
    let sections = [
        summary(report, look),
        comparison(report, look),
        moves::section(report, look, all),
        lists::stays(report, look, all),
        lists::findings(report, look, all),
        lists::basis(report, look),
    ];
    let mut text = String::new();
    for section in sections.iter().filter(|section| !section.is_empty()) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(section);
    }
    text
}

fn summary(report: &Report, look: Look) -> String {
    let cluster = &report.cluster;
    let title = format!(
        "Savings report: {} and {} in {}, as of {}",
        count(cluster.nodes, "node"),
        count(cluster.pods, "pod"),
        cluster.region,
        cluster.taken_at.strftime("%Y-%m-%d %H:%M UTC"),
    );
    let mut rows = vec![
        ("Costs now", per_hour_and_month(report.before.cost_per_hour)),
        ("Could cost", per_hour_and_month(report.after.cost_per_hour)),
        saves_or_adds(report),
        ("Lower bound", bound(report)),
    ];
    if let Some(unblocked) = &report.unblocked {
        let saving = saving(unblocked);
        rows.push(("Unblocked", format!("were nothing blocked, it could save {saving}")));
    }
    if cluster.unpriced_nodes > 0 {
        let unpriced = count(cluster.unpriced_nodes, "node");
        rows.push(("Not counted", format!("{unpriced} without a known price, see below")));
    }
    look.heading(&title) + "\n\n" + &labelled(rows, look)
}

/// A plan costs more only where it makes room for pods that wait.
fn saves_or_adds(report: &Report) -> (&'static str, String) {
    let Saving { per_hour, modelled_per_month, ppm } = report.saving;
    if per_hour >= Money::ZERO {
        return ("Saves", saving(&report.saving));
    }
    let added = Saving { per_hour: -per_hour, modelled_per_month: -modelled_per_month, ppm: -ppm };
    let pods = count(report.cluster.pending_pods, "pod");
    ("Adds", format!("{}: room for {pods} without a node", saving(&added)))
}

fn saving(saving: &Saving) -> String {
    format!("{}, {}", per_hour_and_month(saving.per_hour), percent(saving.ppm))
}

fn bound(report: &Report) -> String {
    let above = match report.gap_ppm {
        0 => "the proposal reaches it".to_owned(),
        gap => format!("the proposal is {} above it", percent(gap)),
    };
    format!(
        "{}: no fleet that runs these pods within the policy costs less; {above}",
        per_hour(report.lower_bound_per_hour)
    )
}

fn comparison(report: &Report, look: Look) -> String {
    let mut table = table(look);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["", "Now", "After"]);
    let (before, after) = (&report.before, &report.after);
    let mut row = |name: &str, value: &dyn Fn(&Side) -> String| {
        table.add_row([name.to_owned(), value(before), value(after)]);
    };
    row("Nodes", &|side| side.position.nodes.to_string());
    row("… on Spot", &|side| side.position.spot_nodes.to_string());
    row("Requested CPU on Spot", &|side| percent(side.position.spot_cpu_ppm));
    row("CPU requested of allocatable", &|side| percent(side.position.cpu_utilisation_ppm));
    row("Memory requested of allocatable", &|side| percent(side.position.memory_utilisation_ppm));
    row("Spot interruptions in a month", &|side| tenths(side.position.monthly_interruptions_milli));
    row("… expected to cost", &|side| {
        format!("{} $", dollars(per_month(side.position.interruption_cost_per_hour)))
    });
    row("Most one Spot pool takes of a workload", &worst_loss);
    right_align(&mut table, &[1, 2]);
    finished(&table)
}

fn tenths(milli: i64) -> String {
    if milli == 0 {
        return "0".into();
    }
    let tenths = (milli + 50) / 100;
    format!("≈ {}.{}", grouped((tenths / 10) as u64), tenths % 10)
}

fn worst_loss(side: &Side) -> String {
    match &side.position.worst_pool_loss {
        None => "0".into(),
        Some(loss) => format!("{} of {}", loss.lost, loss.replicas),
    }
}

/// A table without frame, its header underlined.
fn table(look: Look) -> Table {
    use comfy_table::presets::NOTHING;
    use comfy_table::{LineStyle, TableStyle};
    const UNDERLINED: TableStyle =
        NOTHING.header_separator(LineStyle::none().fill('─').junction('─'));
    let mut table = Table::new();
    table.load_style(UNDERLINED);
    table.set_width(look.width).set_content_arrangement(ContentArrangement::Dynamic);
    if !look.styled {
        table.force_no_tty();
    }
    table
}

fn right_align(table: &mut Table, columns: &[usize]) {
    for column in columns {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// Names and values, the values wrapped beside their names.
fn labelled(rows: Vec<(&str, String)>, look: Look) -> String {
    let mut table = table(look);
    table.add_rows(rows.into_iter().map(|(name, value)| [name.to_owned(), value]));
    finished(&table)
}

/// Without the blanks a table ends its lines with.
fn finished(table: &Table) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
