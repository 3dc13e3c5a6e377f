//! What a plan of a hot path may do, and what it was caught at.

use serde_json::Value;

/// Tables that grow. What is written down of a tenant's people, roles and tags stays small.
pub const LARGE: [&str; 10] = [
    "ticket",
    "ticket_content",
    "ticket_tag",
    "event",
    "attachment",
    "erp_cache",
    "idempotency",
    "access_token",
    "session",
    "sign_in_link",
];

/// A statement with the plan it was carried out by, and what each step really read.
pub struct Plan {
    /// The statement, on one line.
    pub statement: String,
    root: Value,
}

/// A step that reads a table or an index.
struct Scan<'a> {
    step: &'a Value,
    kind: &'a str,
    /// The table, or the index where a bitmap is made of it.
    target: &'a str,
    /// Rows looked at, also those that were thrown away.
    rows: f64,
    /// How often the step began anew.
    loops: f64,
    /// Pages that the step itself read.
    pages: f64,
    /// Whether the step right above ends it when it has enough rows.
    limited: bool,
}

impl Plan {
    /// Reads a notice of `auto_explain`; none for any other.
    pub fn read(notice: &str) -> Option<Self> {
        let (_, json) = notice.split_once("plan:\n")?;
        let plan: Value = serde_json::from_str(json).expect("auto_explain writes JSON");
        let statement = plan["Query Text"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Self { statement, root: plan["Plan"].clone() })
    }

    /// Everything that a hot path must not do: read a large table from end to end, look at more than so many rows of large
    /// tables, or search an index page by page for rows that it cannot find in it.
    pub fn faults(&self, most: f64) -> Vec<String> {
        let mut scans = Vec::new();
        collect(&self.root, false, &mut scans);
        let mut faults: Vec<String> = scans.iter().filter_map(Scan::fault).collect();
        let rows: f64 = scans.iter().filter(|scan| scan.is_of_large()).map(|scan| scan.rows).sum();
        if rows > most {
            let most_of = scans.iter().max_by(|a, b| a.rows.total_cmp(&b.rows)).map(Scan::describe).unwrap_or_default();
            faults.push(format!("looks at {rows} rows, more than {most}; most of them: {most_of}"));
        }
        faults
    }

    /// Whether it reads a large table at all.
    pub fn is_of_large(&self) -> bool {
        let mut scans = Vec::new();
        collect(&self.root, false, &mut scans);
        scans.iter().any(Scan::is_of_large)
    }
}

impl Scan<'_> {
    fn is_of_large(&self) -> bool {
        LARGE.iter().any(|table| self.target == *table || (self.kind == "Bitmap Index Scan" && self.target.starts_with(table)))
    }

    fn fault(&self) -> Option<String> {
        if !self.is_of_large() {
            return None;
        }
        // One that ends when it has enough rows is judged by how many they are.
        if self.kind.ends_with("Seq Scan") && !self.limited {
            return Some(format!("reads the whole table: {}", self.describe()));
        }
        // Down the tree for each loop; then, at worst, as for every id of a list, down the tree for each row. A condition
        // that an index checks without being ordered by it throws entries away uncounted: only their pages show.
        let is_list = self.step["Index Cond"].as_str().is_some_and(|condition| condition.contains("= ANY"));
        let each = if is_list { 8.0 } else { 5.0 };
        let most = 40.0 + each * (self.loops + self.rows);
        (self.pages > most).then(|| format!("reads {} pages for {} rows: {}", self.pages, self.rows, self.describe()))
    }

    fn describe(&self) -> String {
        let text = |key: &str| self.step[key].as_str().map(|text| format!(" [{key}: {text}]")).unwrap_or_default();
        let parts = ["Index Name", "Index Cond", "Recheck Cond", "Filter"].map(text).concat();
        format!("{} on {}{parts}, {} rows", self.kind, self.target, self.rows)
    }
}

fn number(step: &Value, key: &str) -> f64 {
    step[key].as_f64().unwrap_or_default()
}

fn pages(step: &Value) -> f64 {
    number(step, "Shared Hit Blocks") + number(step, "Shared Read Blocks")
}

fn collect<'a>(step: &'a Value, limited: bool, scans: &mut Vec<Scan<'a>>) {
    let steps = step["Plans"].as_array().map(Vec::as_slice).unwrap_or_default();
    let kind = step["Node Type"].as_str().unwrap_or_default();
    let target = step["Relation Name"].as_str().or_else(|| step["Index Name"].as_str());
    if let (true, Some(target)) = (kind.ends_with("Scan"), target) {
        let loops = number(step, "Actual Loops");
        if loops == 0.0 {
            return;
        }
        let each = number(step, "Actual Rows") + number(step, "Rows Removed by Filter") + number(step, "Rows Removed by Index Recheck");
        let own = pages(step) - steps.iter().map(pages).sum::<f64>();
        scans.push(Scan { step, kind, target, rows: each * loops, loops, pages: own, limited });
    }
    for inner in steps {
        collect(inner, kind == "Limit", scans);
    }
}
