//! PromQL text to a plan. The syntax is `promql-parser`'s; what is not evaluated here is refused by name.

use crate::error::{QueryError, bad};
use crate::functions::{self, Function};
use crate::plan::{
    Aggregate, Aggregator, At, Binary, Cardinality, Kind, Matching, Node, Operator, Selector,
    Shift, Subquery,
};
use promql_parser::label;
use promql_parser::parser::{self, AtModifier, Expr, LabelModifier, Offset, token};
use series::{METRIC_NAME, MatchOp, Matcher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::time::{Duration, UNIX_EPOCH};

/// Longer texts are refused unread.
const MOST_BYTES: usize = 64 * 1024;
/// The parser and the evaluation recurse: so many operators and brackets fit on any thread's stack.
const MOST_OPERATORS: usize = 1_000;
/// How deep a plan may be.
const DEEPEST: usize = 250;

static REGISTERED: Once = Once::new();

/// Reads a text.
pub(crate) fn parse(text: &str) -> Result<Node, QueryError> {
    if text.len() > MOST_BYTES {
        return Err(bad(format!("the query is longer than {MOST_BYTES} bytes")));
    }
    if operators(text) > MOST_OPERATORS {
        return Err(bad(format!(
            "the query has more than {MOST_OPERATORS} operators and brackets"
        )));
    }
    // The parser has Prometheus 3's name of it only.
    REGISTERED.call_once(|| {
        use promql_parser::parser::function::{Function, register_extra_functions};
        use promql_parser::parser::value::ValueType::{Matrix, Scalar, Vector};
        let types = vec![Matrix, Scalar, Scalar];
        let known = Function::new("holt_winters", types, 0, Vector, false);
        // It refuses built-in names; should it become one, all is well.
        let _known_already = register_extra_functions(vec![known]);
    });
    // Durations such as 1e300 panic in the parser.
    let parsed = catch_unwind(AssertUnwindSafe(|| parser::parse(text)));
    let expression = parsed
        .map_err(|_panic| bad("the query cannot be parsed"))?
        .map_err(|error| bad(format!("the query cannot be parsed: {error}")))?;
    node(&expression, "", DEEPEST)
}

/// How many operators and opening brackets stand outside strings, comments and matchers.
fn operators(text: &str) -> usize {
    let mut count = 0;
    let mut quote = None;
    let mut braces = false;
    let mut word = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match quote {
            Some(open) if c == open => quote = None,
            Some('#') if c == '\n' => quote = None,
            Some('"' | '\'') if c == '\\' => drop(chars.next()),
            Some(_) => {}
            None => match c {
                '"' | '\'' | '`' | '#' => quote = Some(c),
                '{' | '}' => braces = c == '{',
                _ if braces => {}
                '(' | '[' | '+' | '-' | '*' | '/' | '%' | '^' | '=' | '<' | '>' | '!' => count += 1,
                _ => {}
            },
        }
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c.to_ascii_lowercase());
        } else {
            count += usize::from(matches!(word.as_str(), "and" | "or" | "unless" | "atan2"));
            word.clear();
        }
    }
    count
}

/// `function` is the name of the innermost call around it, for the store's sake.
fn node(expression: &Expr, function: &'static str, depth: usize) -> Result<Node, QueryError> {
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| bad(format!("the query is nested deeper than {DEEPEST}")))?;
    let made = |kind, pinned| Node { kind, pinned };
    Ok(match expression {
        Expr::Paren(paren) => node(&paren.expr, function, depth)?,
        Expr::NumberLiteral(number) => made(Kind::Number(number.val), true),
        Expr::StringLiteral(text) => made(Kind::Text(text.val.clone()), true),
        Expr::VectorSelector(vector) => {
            let selector = selector(vector, function)?;
            let pinned = selector.shift.at.is_some();
            made(Kind::Selector(selector), pinned)
        }
        Expr::MatrixSelector(matrix) => {
            let selector = selector(&matrix.vs, function)?;
            let pinned = selector.shift.at.is_some();
            made(Kind::Windows(selector, positive_ms(matrix.range)?), pinned)
        }
        Expr::Subquery(subquery) => {
            let plan = Subquery {
                inner: node(&subquery.expr, "", depth)?,
                range_ms: positive_ms(subquery.range)?,
                step_ms: subquery.step.map(positive_ms).transpose()?,
                shift: shift(subquery.at.as_ref(), subquery.offset.as_ref())?,
            };
            let pinned = plan.shift.at.is_some();
            made(Kind::Subquery(Box::new(plan)), pinned)
        }
        Expr::Unary(unary) => {
            let inner = node(&unary.expr, "", depth)?;
            let pinned = inner.pinned;
            made(Kind::Negate(Box::new(inner)), pinned)
        }
        Expr::Binary(binary) => binary_node(binary, depth)?,
        Expr::Aggregate(aggregate) => aggregate_node(aggregate, depth)?,
        Expr::Call(call) => {
            let called = functions::find(call.func.name)
                .ok_or_else(|| bad(format!("`{}` is not supported", call.func.name)))?;
            call_node(called, call, depth)?
        }
        Expr::Extension(_) => return Err(bad("extensions of PromQL are not supported")),
    })
}

fn call_node(
    called: &'static Function,
    call: &parser::Call,
    depth: usize,
) -> Result<Node, QueryError> {
    let arguments = call.args.args.iter();
    let arguments = arguments
        .map(|argument| node(argument, called.name, depth))
        .collect::<Result<Vec<_>, _>>()?;
    let pinned = !called.follows_time && arguments.iter().all(|argument| argument.pinned);
    Ok(Node {
        kind: Kind::Call(called, arguments),
        pinned,
    })
}

fn binary_node(binary: &parser::BinaryExpr, depth: usize) -> Result<Node, QueryError> {
    let modifier = binary.modifier.as_ref();
    let fill = modifier.map(|modifier| &modifier.fill_values);
    if fill.is_some_and(|fill| fill.lhs.is_some() || fill.rhs.is_some()) {
        return Err(bad("`fill` is not supported"));
    }
    let left = node(&binary.lhs, "", depth)?;
    let right = node(&binary.rhs, "", depth)?;
    let pinned = left.pinned && right.pinned;
    let plan = Binary {
        operator: operator(binary.op)?,
        left,
        right,
        matching: matching(modifier),
        as_bool: binary.return_bool(),
    };
    Ok(Node {
        kind: Kind::Binary(Box::new(plan)),
        pinned,
    })
}

fn aggregate_node(aggregate: &parser::AggregateExpr, depth: usize) -> Result<Node, QueryError> {
    let aggregator = aggregator(aggregate.op)?;
    let inner = node(&aggregate.expr, "", depth)?;
    let parameter = aggregate
        .param
        .as_ref()
        .map(|parameter| node(parameter, "", depth))
        .transpose()?;
    let pinned = inner.pinned && parameter.as_ref().is_none_or(|node| node.pinned);
    let (without, labels) = match &aggregate.modifier {
        Some(LabelModifier::Exclude(labels)) => (true, labels.labels.clone()),
        Some(LabelModifier::Include(labels)) => (false, labels.labels.clone()),
        None => (false, Vec::new()),
    };
    let plan = Aggregate {
        aggregator,
        inner,
        parameter,
        without,
        labels,
    };
    Ok(Node {
        kind: Kind::Aggregate(Box::new(plan)),
        pinned,
    })
}

fn compare(name: &str, op: MatchOp, value: &str) -> Result<Matcher, QueryError> {
    Matcher::new(name, op, value).map_err(|error| bad(error.to_string()))
}

/// A matcher as the parser understood it, but for its expression, which the parser reads with Unicode's classes.
fn understood(matcher: &label::Matcher) -> Result<Matcher, QueryError> {
    let op = match &matcher.op {
        label::MatchOp::Equal => MatchOp::Equal,
        label::MatchOp::NotEqual => MatchOp::NotEqual,
        label::MatchOp::Re(_) => MatchOp::Regex,
        label::MatchOp::NotRe(_) => MatchOp::NotRegex,
    };
    compare(&matcher.name, op, &matcher.value)
}

fn selector(
    vector: &parser::VectorSelector,
    function: &'static str,
) -> Result<Selector, QueryError> {
    if !vector.matchers.or_matchers.is_empty() {
        return Err(bad("`or` between matchers is not supported"));
    }
    let mut matchers = Vec::with_capacity(vector.matchers.matchers.len() + 1);
    if let Some(name) = &vector.name {
        matchers.push(compare(METRIC_NAME, MatchOp::Equal, name)?);
    }
    for matcher in &vector.matchers.matchers {
        matchers.push(understood(matcher)?);
    }
    Ok(Selector {
        matchers,
        shift: shift(vector.at.as_ref(), vector.offset.as_ref())?,
        function,
    })
}

fn shift(at: Option<&AtModifier>, offset: Option<&Offset>) -> Result<Shift, QueryError> {
    let at = match at {
        None => None,
        Some(AtModifier::Start) => Some(At::Start),
        Some(AtModifier::End) => Some(At::End),
        Some(AtModifier::At(instant)) => Some(At::Ms(match instant.duration_since(UNIX_EPOCH) {
            Ok(after) => ms(after)?,
            Err(before) => -ms(before.duration())?,
        })),
    };
    let offset_ms = match offset {
        None => 0,
        Some(Offset::Pos(back)) => ms(*back)?,
        Some(Offset::Neg(forth)) => -ms(*forth)?,
    };
    Ok(Shift { at, offset_ms })
}

fn ms(duration: Duration) -> Result<i64, QueryError> {
    /// Longer than any range of instants, and far from where sums of them overflow.
    const MOST: i64 = i64::MAX / 1_000;
    i64::try_from(duration.as_millis())
        .ok()
        .filter(|ms| *ms <= MOST)
        .ok_or_else(|| bad("a duration or an instant is out of range"))
}

fn positive_ms(duration: Duration) -> Result<i64, QueryError> {
    match ms(duration)? {
        0 => Err(bad("duration must be greater than 0")),
        ms => Ok(ms),
    }
}

fn matching(modifier: Option<&parser::BinModifier>) -> Matching {
    use parser::VectorMatchCardinality as Card;
    let mut matching = Matching {
        cardinality: Cardinality::OneToOne,
        on: false,
        labels: Vec::new(),
        include: Vec::new(),
    };
    let Some(modifier) = modifier else {
        return matching;
    };
    match &modifier.card {
        // Set operators match many to many by themselves.
        Card::OneToOne | Card::ManyToMany => {}
        Card::ManyToOne(include) => {
            matching.cardinality = Cardinality::ManyToOne;
            matching.include.clone_from(&include.labels);
        }
        Card::OneToMany(include) => {
            matching.cardinality = Cardinality::OneToMany;
            matching.include.clone_from(&include.labels);
        }
    }
    if let Some(labels) = &modifier.matching {
        matching.on = labels.is_include();
        matching.labels.clone_from(&labels.labels().labels);
    }
    matching
}

fn operator(operator: token::TokenType) -> Result<Operator, QueryError> {
    Ok(match operator.id() {
        token::T_ADD => Operator::Add,
        token::T_SUB => Operator::Sub,
        token::T_MUL => Operator::Mul,
        token::T_DIV => Operator::Div,
        token::T_MOD => Operator::Mod,
        token::T_POW => Operator::Pow,
        token::T_ATAN2 => Operator::Atan2,
        token::T_EQLC => Operator::Equal,
        token::T_NEQ => Operator::NotEqual,
        token::T_GTR => Operator::Greater,
        token::T_LSS => Operator::Less,
        token::T_GTE => Operator::GreaterOrEqual,
        token::T_LTE => Operator::LessOrEqual,
        token::T_LAND => Operator::And,
        token::T_LOR => Operator::Or,
        token::T_LUNLESS => Operator::Unless,
        _ => return Err(bad(format!("the operator `{operator}` is not supported"))),
    })
}

fn aggregator(operator: token::TokenType) -> Result<Aggregator, QueryError> {
    Ok(match operator.id() {
        token::T_SUM => Aggregator::Sum,
        token::T_AVG => Aggregator::Avg,
        token::T_MIN => Aggregator::Min,
        token::T_MAX => Aggregator::Max,
        token::T_COUNT => Aggregator::Count,
        token::T_GROUP => Aggregator::Group,
        token::T_STDDEV => Aggregator::Stddev,
        token::T_STDVAR => Aggregator::Stdvar,
        token::T_TOPK => Aggregator::TopK,
        token::T_BOTTOMK => Aggregator::BottomK,
        token::T_QUANTILE => Aggregator::Quantile,
        token::T_COUNT_VALUES => Aggregator::CountValues,
        _ => return Err(bad(format!("`{operator}` is not supported"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        match parse(text) {
            Err(QueryError::BadData(message)) => message,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn what_is_not_supported_is_named() {
        assert_eq!(
            error("histogram_sum(a)"),
            "`histogram_sum` is not supported"
        );
        assert_eq!(error("limitk(2, a)"), "`limitk` is not supported");
        assert_eq!(error("a + fill(0) b"), "`fill` is not supported");
        assert!(error("{a=\"1\" or b=\"2\"}").contains("between matchers"));
    }

    #[test]
    fn hostile_texts_are_refused_and_nothing_panics() {
        for text in [
            "",
            "(",
            "a[1e300]",
            "a[NaN]",
            "a[-5m]",
            "a offset 1e300",
            "a @ 1e300",
            "a[99999999999999999y]",
            "\u{0}",
            "a{b=~\"(\"}",
            "a[0s]",
        ] {
            error(text);
        }
        error(&"(".repeat(5_000));
        error(&format!("1{}", "+1".repeat(900)));
        error(&format!("a{}", " or a".repeat(5_000)));
        error(&"x".repeat(100_000));
        error(&format!("{}a{}", "sum(".repeat(400), ")".repeat(400)));
    }

    #[test]
    fn operators_in_strings_and_matchers_do_not_count() {
        assert_eq!(
            operators("a{b=\"(((\",c!='\\'+'} # +++\n + sum(b) and c "),
            3
        );
    }

    #[test]
    fn what_at_pins_is_known() {
        for (text, pinned) in [
            ("a @ 5", true),
            ("rate(a[5m] @ end()) + 1", true),
            ("a @ 5 + a", false),
            ("predict_linear(a[5m] @ 5, 60)", false),
            ("sum(a @ 5) + time()", false),
            ("max_over_time(a[5m:1m] @ start())", true),
            ("hour()", false),
        ] {
            assert_eq!(parse(text).unwrap().pinned, pinned, "{text}");
        }
    }
}
