//! What is asked: picked by hand where the rules are subtle, and made up at random for the rest.

use crate::data::{Chance, START_MS};

/// Every expression, the same in each run.
pub(crate) fn all() -> Vec<String> {
    let at = (START_MS + 3_600_000) / 1000;
    let mut all: Vec<String> = include_str!("picked.promql")
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.replace("$AT", &at.to_string()))
        .collect();
    for name in OVER_WINDOWS {
        for range in [
            "[5m]",
            "[1m]",
            "[17m30s] offset 3m",
            "[10m:1m]",
            "[4m:25s] offset -1m",
        ] {
            all.push(format!("{name}(http_requests_total{{job=\"api\"}}{range})"));
            all.push(format!("{name}(node_temp{range})"));
        }
        all.push(format!("{name}(odd[3m])"));
        all.push(format!("{name}(odd[5m] @ {at})"));
    }
    for name in OF_VALUES {
        all.push(format!("{name}(odd)"));
        all.push(format!("{name}(node_temp / 20)"));
    }
    for name in DATES {
        all.push(format!("{name}()"));
        all.push(format!("{name}(birthday_seconds)"));
        all.push(format!("{name}(-3 * birthday_seconds)"));
    }
    for operator in ["+", "-", "*", "/", "%", "^", "atan2"] {
        all.push(format!("odd {operator} 3"));
        all.push(format!("2.5 {operator} odd"));
        all.push(format!("twin_a {operator} twin_b"));
        all.push(format!("odd {operator} ignoring(kind) group_left once"));
        all.push(format!("7 {operator} -2"));
    }
    for operator in ["==", "!=", ">", "<", ">=", "<="] {
        all.push(format!("odd {operator} 0"));
        all.push(format!("0 {operator} odd"));
        all.push(format!("odd {operator} bool 0"));
        all.push(format!("twin_a {operator} twin_b"));
        all.push(format!("twin_a {operator} bool twin_b"));
        all.push(format!("twin_a {operator} on(x) twin_b"));
        all.push(format!("7 {operator} bool NaN"));
    }
    for aggregation in [
        "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar",
    ] {
        all.push(format!("{aggregation}(node_temp)"));
        all.push(format!("{aggregation} by (zone) (node_temp)"));
        all.push(format!(
            "{aggregation} without (zone, instance) (node_temp)"
        ));
        all.push(format!("{aggregation}(odd)"));
        all.push(format!("{aggregation} by (kind) (odd)"));
        all.push(format!("{aggregation}(odd{{kind=~\"inf|line\"}})"));
        all.push(format!(
            "{aggregation} by (__name__) ({{__name__=~\"twin_.\"}})"
        ));
        all.push(format!("{aggregation}(nothing)"));
    }
    let mut maker = Maker(Chance(42));
    for _ in 0..600 {
        all.push(maker.vector(3));
    }
    all
}

const OVER_WINDOWS: &[&str] = &[
    "rate",
    "increase",
    "delta",
    "irate",
    "idelta",
    "deriv",
    "changes",
    "resets",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "sum_over_time",
    "count_over_time",
    "stddev_over_time",
    "stdvar_over_time",
    "last_over_time",
    "present_over_time",
    "absent_over_time",
];

const OF_VALUES: &[&str] = &[
    "abs",
    "ceil",
    "floor",
    "exp",
    "ln",
    "log2",
    "log10",
    "sqrt",
    "sgn",
    "round",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "deg",
    "rad",
    "sort",
    "sort_desc",
    "absent",
    "timestamp",
];

const DATES: &[&str] = &[
    "minute",
    "hour",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "month",
    "year",
];

/// Makes expressions up.
///
/// It leaves out what 2.42 gets wrong by its own documentation: `@` in a window beside a scalar that
/// follows time (it moves the window over samples read for the pinned one), `timestamp(x @ t offset d)`
/// (it forgets the offset), and values as labels where the last digit is the mathematical library's.
struct Maker(Chance);

impl Maker {
    fn selector(&mut self) -> String {
        let selector = self.0.of(&[
            "http_requests_total",
            "http_requests_total{job=\"api\"}",
            "http_requests_total{code=~\"4..|500\"}",
            "http_requests_total{instance!=\"i1\",job!~\"w.*\"}",
            "node_temp",
            "node_temp{zone=\"\"}",
            "node_temp{zone!~\".*th\"}",
            "up",
            "build_info",
            "mem_bytes",
            "{__name__=\"up\",job=\"web\"}",
            "gone",
            "nothing",
        ]);
        selector.to_owned()
    }

    fn moved(&mut self, selector: String) -> String {
        let modifier = self.0.of(&[
            "",
            "",
            "",
            "",
            "",
            "",
            " offset 1m",
            " offset 7m30s",
            " offset -2m",
            " @ start()",
            " @ end() offset 3m",
        ]);
        selector + modifier
    }

    fn matrix(&mut self, depth: usize) -> String {
        if depth > 1 && self.0.below(4) == 0 {
            let inner = self.vector(depth - 1);
            let range = self.0.of(&["[10m:1m]", "[7m:]", "[5m:40s]", "[20m:3m7s]"]);
            return self.moved(format!("({inner}){range}"));
        }
        let range = self
            .0
            .of(&["[1m]", "[2m]", "[5m]", "[11m13s]", "[30m]", "[15s]"]);
        let selector = self.selector() + range;
        self.moved(selector)
    }

    fn scalar(&mut self, depth: usize) -> String {
        match self.0.below(8) {
            0 => "time()".into(),
            1 if depth > 0 => format!("scalar({})", self.vector(depth - 1)),
            2 => "pi()".into(),
            3 => "-1.5".into(),
            4 => "0".into(),
            5 => "1e3".into(),
            _ => format!("{:.3}", self.0.fraction() * 10.0),
        }
    }

    fn vector(&mut self, depth: usize) -> String {
        if depth == 0 {
            let selector = self.selector();
            return self.moved(selector);
        }
        match self.0.below(12) {
            0 | 1 => self.over_window(depth),
            2 | 3 => self.aggregation(depth),
            4 => {
                let name = self.0.of(&[
                    "abs", "ceil", "floor", "sqrt", "ln", "sgn", "round", "absent", "hour",
                ]);
                format!("{name}({})", self.vector(depth - 1))
            }
            5 => format!(
                "clamp({}, {}, {})",
                self.vector(depth - 1),
                self.scalar(1),
                self.scalar(1)
            ),
            6 => {
                let inner = self.vector(depth - 1);
                let change = self.0.of(&[
                    "\"job\", \"$1-x\", \"instance\", \"i(.)\"",
                    "\"instance\", \"\", \"code\", \"4.*\"",
                    "\"new\", \"$0\", \"zone\", \"(?P<first>.).*\"",
                    "\"__name__\", \"renamed\", \"\", \"\"",
                ]);
                format!("label_replace({inner}, {change})")
            }
            7 => format!("-({})", self.vector(depth - 1)),
            8 => {
                let operator = self.operator();
                if self.0.below(2) == 0 {
                    format!("{} {operator} {}", self.wrapped(depth - 1), self.scalar(1))
                } else {
                    format!("{} {operator} {}", self.scalar(1), self.wrapped(depth - 1))
                }
            }
            9 | 10 => self.joined(depth),
            _ => self.vector(depth - 1),
        }
    }

    fn wrapped(&mut self, depth: usize) -> String {
        format!("({})", self.vector(depth))
    }

    fn operator(&mut self) -> String {
        let operator = self.0.of(&[
            "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<", ">=", "<=", "> bool",
            "== bool",
        ]);
        operator.to_owned()
    }

    fn joined(&mut self, depth: usize) -> String {
        let left = self.wrapped(depth - 1);
        let matching = self.0.of(&[
            "",
            "",
            "on(instance) ",
            "on(instance, job) ",
            "ignoring(code) ",
            "ignoring(code, version, team) ",
            "on() ",
        ]);
        if self.0.below(3) == 0 {
            let set = self.0.of(&["and", "or", "unless"]);
            return format!("{left} {set} {matching}{}", self.wrapped(depth - 1));
        }
        let group = if matching.is_empty() {
            ""
        } else {
            self.0.of(&[
                "",
                "group_left ",
                "group_right ",
                "group_left(team) ",
                "group_right(version, code) ",
            ])
        };
        let operator = self.operator();
        // One side of few series, so that not everything is refused.
        let right = if self.0.below(2) == 0 {
            "build_info".to_owned()
        } else {
            self.wrapped(depth - 1)
        };
        format!("{left} {operator} {matching}{group}{right}")
    }

    fn over_window(&mut self, depth: usize) -> String {
        match self.0.below(8) {
            0 => format!(
                "quantile_over_time({:.2}, {})",
                self.0.fraction(),
                self.matrix(depth)
            ),
            1 => format!(
                "predict_linear({}, {})",
                self.selector() + "[5m]",
                self.scalar(0)
            ),
            2 => format!(
                "holt_winters({}, 0.4, 0.{})",
                self.matrix(depth),
                1 + self.0.below(9)
            ),
            _ => {
                let name = self.0.of(OVER_WINDOWS);
                format!("{name}({})", self.matrix(depth))
            }
        }
    }

    fn aggregation(&mut self, depth: usize) -> String {
        let by = self.0.of(&[
            "",
            "",
            "by (instance) ",
            "by (job, code) ",
            "by (none) ",
            "without (instance) ",
            "without (code, job) ",
            "by (__name__) ",
        ]);
        let inner = self.vector(depth - 1);
        match self.0.below(6) {
            0 => format!("quantile {by}({}, {inner})", self.scalar(0)),
            1 => format!("count_values {by}(\"value\", round(clamp({inner}, -1e6, 1e6)))"),
            // Of equal values any may be chosen: these have none.
            2 => format!("topk {by}({}, node_temp)", self.scalar(0)),
            3 => format!("bottomk {by}({}, node_temp offset 2m)", self.below(5)),
            _ => {
                let name = self.0.of(&[
                    "sum", "avg", "min", "max", "count", "group", "stddev", "stdvar",
                ]);
                format!("{name} {by}({inner})")
            }
        }
    }

    fn below(&mut self, most: usize) -> usize {
        self.0.below(most)
    }
}
