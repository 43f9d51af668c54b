//! The rows of a table by a layout, streamed.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::cells::{column_names, is_blank_label};
use super::fold::Order;
use super::instant::Moment;
use super::layout::clip;
use super::money::unit_beside;
use super::number::parse_number;
use super::records::{Record, Records};
use super::time::read_time;
use super::{Layout, Limits, MAX_LABEL_CHARS, Role, TableError, TimeShape, is_formula};

const MAX_CLIP_CHARS: usize = 80;

/// A row that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The line it starts on, from 1.
    pub line: u64,
    /// Its time, microseconds since 1970-01-01 UTC.
    pub at_us: i64,
    /// What tells its series apart; shared by all rows of equal labels.
    pub labels: Arc<LabelSet>,
    /// A value for each of [`Layout::value_columns`]; `None` is unknown, never 0.
    pub values: Vec<Option<f64>>,
}

/// One combination of label values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LabelSet {
    /// Its number within this reading, from 0 without gaps.
    pub id: u32,
    /// Column name and value, in the order of the layout; blank cells are left out.
    pub pairs: Vec<(String, String)>,
}

/// A row that was not understood, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRow {
    /// The line it starts on, from 1.
    pub line: u64,
    /// The column at fault, where it is a single one.
    pub column: Option<String>,
    /// What stands there, shortened.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A row of the file, good or bad.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// It was understood.
    Row(Row),
    /// It was not.
    Bad(BadRow),
}

/// Streams the rows of a file. An `Err` ends it: what came before may be incomplete, so import
/// in one transaction.
pub struct Reader<R> {
    records: Records<R>,
    plan: Plan,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Opens a file by its layout, within the default [`Limits`].
    pub fn open(source: R, layout: &Layout) -> Result<Self, TableError> {
        Self::with_limits(source, layout, Limits::default())
    }

    /// Opens a file by its layout.
    pub fn with_limits(source: R, layout: &Layout, limits: Limits) -> Result<Self, TableError> {
        let (records, plan) = open(source, layout, limits)?;
        Ok(Self {
            records,
            plan,
            ended: false,
        })
    }

    /// Bytes read from the source so far, for progress.
    pub fn bytes_read(&self) -> u64 {
        self.records.bytes()
    }

    /// The label combinations met so far, by their number.
    pub fn label_sets(&self) -> &[Arc<LabelSet>] {
        &self.plan.sets
    }

    fn step(&mut self) -> Result<Option<Item>, TableError> {
        loop {
            let Some(record) = self.records.next()? else {
                return Ok(None);
            };
            if let Some(outcome) = self.plan.row(record)? {
                return Ok(Some(match outcome {
                    Ok(row) => Item::Row(row),
                    Err(problem) => Item::Bad(self.plan.bad_row(problem)),
                }));
            }
        }
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Item, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.step().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

/// Opens the records of a file and finds the layout's columns in it.
pub(crate) fn open<R: Read>(
    source: R,
    layout: &Layout,
    limits: Limits,
) -> Result<(Records<R>, Plan), TableError> {
    layout.validate()?;
    let mut records = Records::open(
        source,
        layout.encoding,
        layout.separator,
        layout.title_rows_to_skip,
    )?;
    let header = if layout.has_header {
        let header = records.next()?.ok_or(TableError::Empty)?.texts();
        column_names(&header)
    } else {
        layout
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect()
    };
    let plan = Plan::new(header, layout, limits)?;
    Ok((records, plan))
}

/// Where in a record each thing stands and how it is read.
pub(crate) struct Plan {
    pub(crate) header: Vec<String>,
    time: usize,
    values: Vec<usize>,
    /// The unit that each of them showed first: a number in another one is a number of something else.
    units: Vec<Option<&'static str>>,
    labels: Vec<usize>,
    shape: TimeShape,
    zone: TimeZone,
    layout: Layout,
    limits: Limits,
    sets: Vec<Arc<LabelSet>>,
    /// What the rows of each set did so far, where clocks may be put back.
    orders: Vec<Order>,
    known: HashMap<Vec<u8>, Arc<LabelSet>>,
    key: Vec<u8>,
}

/// What is wrong with a row.
pub(crate) struct Problem {
    line: u64,
    pub(crate) column: Option<usize>,
    text: String,
    pub(crate) reason: String,
}

impl Plan {
    fn new(header: Vec<String>, layout: &Layout, limits: Limits) -> Result<Self, TableError> {
        let mut plan = Self {
            header,
            time: 0,
            values: Vec::new(),
            units: Vec::new(),
            labels: Vec::new(),
            shape: layout.time.shape,
            zone: layout.zone()?,
            layout: layout.clone(),
            limits,
            sets: Vec::new(),
            orders: Vec::new(),
            known: HashMap::new(),
            key: Vec::new(),
        };
        for column in layout
            .columns
            .iter()
            .filter(|column| column.role != Role::Ignore)
        {
            let at = plan
                .header
                .iter()
                .position(|name| *name == column.name)
                .ok_or_else(|| TableError::MissingColumn {
                    name: column.name.clone(),
                })?;
            match column.role {
                Role::Time => plan.time = at,
                Role::Value => plan.values.push(at),
                Role::Label => plan.labels.push(at),
                Role::Ignore => {}
            }
        }
        plan.units.resize(plan.values.len(), None);
        Ok(plan)
    }

    /// Reads a record; `None` where all its cells are blank, as spreadsheets leave below a table.
    pub(crate) fn row(
        &mut self,
        record: Record<'_>,
    ) -> Result<Option<Result<Row, Problem>>, TableError> {
        if record.cells().all(|cell| cell.trim_ascii().is_empty()) {
            return Ok(None);
        }
        let (moment, values) = match self.measures(record) {
            Ok(measures) => measures,
            Err(problem) => return Ok(Some(Err(problem))),
        };
        Ok(Some(self.labels(record)?.map(|labels| Row {
            line: record.line,
            at_us: self.told_apart(moment, labels.id),
            labels,
            values,
        })))
    }

    /// The instant of a row, also where its time comes twice.
    fn told_apart(&mut self, moment: Moment, set: u32) -> i64 {
        if self.zone == TimeZone::UTC {
            return moment.us;
        }
        let set = set as usize;
        if self.orders.len() <= set {
            self.orders.resize(set + 1, Order::default());
        }
        let Some(order) = self.orders.get_mut(set) else {
            return moment.us;
        };
        let at_us = match moment.again_us {
            Some(later) => order.choose(moment.us, later),
            None => moment.us,
        };
        order.saw(at_us);
        at_us
    }

    fn measures(&mut self, record: Record<'_>) -> Result<(Moment, Vec<Option<f64>>), Problem> {
        self.check_width(record)?;
        let time = Self::text(record, self.time)?;
        let moment = read_time(time, self.shape, &self.zone).map_err(|problem| {
            let reason = if is_formula(time) {
                "a formula in the place of a date: export the values instead".to_owned()
            } else {
                problem.to_string()
            };
            Problem::at(record, self.time, time, reason)
        })?;
        let format = self.layout.numbers();
        let mut values = Vec::with_capacity(self.values.len());
        for (&i, unit) in self.values.iter().zip(&mut self.units) {
            let cell = Self::text(record, i)?;
            let value = parse_number(cell, &format)
                .map_err(|problem| Problem::at(record, i, cell, problem.to_string()))?;
            if let (Some(_), Some(shown)) = (value, unit_beside(cell)) {
                let first = *unit.get_or_insert(shown);
                if first != shown {
                    let reason = format!("in {shown}, where rows before are in {first}");
                    return Err(Problem::at(record, i, cell, reason));
                }
            }
            values.push(value);
        }
        Ok((moment, values))
    }

    fn check_width(&self, record: Record<'_>) -> Result<(), Problem> {
        let (found, expected) = (record.len(), self.header.len());
        // Cells beyond the header do no harm while they are blank.
        let surplus = (expected..found).any(|i| !record.cell(i).trim_ascii().is_empty());
        if found >= expected && !surplus {
            return Ok(());
        }
        let reason = format!("{found} cells instead of {expected}");
        let text = record.texts().join(
            char::from(self.layout.separator.byte())
                .to_string()
                .as_str(),
        );
        Err(Problem {
            line: record.line,
            column: None,
            text: clip(&text, MAX_CLIP_CHARS),
            reason,
        })
    }

    fn text(record: Record<'_>, i: usize) -> Result<&str, Problem> {
        let bytes = record.cell(i);
        std::str::from_utf8(bytes).map(str::trim).map_err(|_| {
            let reason = "text in another encoding: choose Windows-1252, or save the file as UTF-8";
            Problem::at(
                record,
                i,
                &String::from_utf8_lossy(bytes),
                reason.to_owned(),
            )
        })
    }

    /// The shared label set of a record, made when first met.
    fn labels(&mut self, record: Record<'_>) -> Result<Result<Arc<LabelSet>, Problem>, TableError> {
        self.key.clear();
        for &i in &self.labels {
            match std::str::from_utf8(record.cell(i)).map(str::trim) {
                Ok(cell) if is_blank_label(cell) => {}
                Ok(cell) => self.key.extend_from_slice(cell.as_bytes()),
                Err(_) => self.key.extend_from_slice(record.cell(i)),
            }
            // No text in UTF-8 has this byte, so no two combinations share a key.
            self.key.push(0xff);
        }
        if let Some(set) = self.known.get(self.key.as_slice()) {
            return Ok(Ok(Arc::clone(set)));
        }
        let pairs = match self.new_pairs(record) {
            Ok(pairs) => pairs,
            Err(problem) => return Ok(Err(problem)),
        };
        let max = self.limits.max_series;
        let series = (self.sets.len() + 1).saturating_mul(self.values.len());
        let id = u32::try_from(self.sets.len()).ok();
        match id.filter(|_| u32::try_from(series).is_ok_and(|series| series <= max)) {
            None => Err(TableError::TooManySeries {
                line: record.line,
                max,
            }),
            Some(id) => {
                let set = Arc::new(LabelSet { id, pairs });
                self.sets.push(Arc::clone(&set));
                self.known.insert(self.key.clone(), Arc::clone(&set));
                Ok(Ok(set))
            }
        }
    }

    fn new_pairs(&self, record: Record<'_>) -> Result<Vec<(String, String)>, Problem> {
        let mut pairs = Vec::with_capacity(self.labels.len());
        for &i in &self.labels {
            let cell = Self::text(record, i)?;
            if is_formula(cell) {
                let reason = "a formula in the place of a word: export the values instead";
                return Err(Problem::at(record, i, cell, reason.to_owned()));
            }
            if cell.chars().nth(MAX_LABEL_CHARS).is_some() {
                let reason = format!("a label of more than {MAX_LABEL_CHARS} characters");
                return Err(Problem::at(record, i, cell, reason));
            }
            if let (false, Some(name)) = (is_blank_label(cell), self.header.get(i)) {
                pairs.push((name.clone(), cell.to_owned()));
            }
        }
        Ok(pairs)
    }

    /// A problem with the name of its column.
    pub(crate) fn bad_row(&self, problem: Problem) -> BadRow {
        BadRow {
            line: problem.line,
            column: problem.column.and_then(|i| self.header.get(i)).cloned(),
            text: problem.text,
            reason: problem.reason,
        }
    }
}

impl Problem {
    fn at(record: Record<'_>, column: usize, text: &str, reason: String) -> Self {
        Self {
            line: record.line,
            column: Some(column),
            text: clip(text, MAX_CLIP_CHARS),
            reason,
        }
    }
}
