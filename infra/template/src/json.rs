//! JSON as the generated files have it: an array or object takes one line if the line stays within the width, and an array of scalars
//! fills as few lines as it can.

use serde_json::Value;

const WIDTH: usize = 120;
const INDENT: &str = "  ";

/// The text of a JSON file.
pub fn text(value: &Value) -> String {
    let mut text = broken(value, 0, 0);
    text.push('\n');
    text
}

/// The text of a value at a depth, over several lines if need be. `taken` is the width of everything else on its first line.
fn broken(value: &Value, depth: usize, taken: usize) -> String {
    let line = on_one_line(value);
    if taken + width(&line) <= WIDTH {
        return line;
    }
    let indent = INDENT.repeat(depth + 1);
    // A comma follows.
    let item = |key: &str, item: &Value| {
        let taken = width(&indent) + width(key) + 1;
        format!("{key}{}", broken(item, depth + 1, taken))
    };
    let (open, close, lines) = match value {
        Value::Array(items) if items.iter().all(is_scalar) => ('[', ']', filled(items, WIDTH - width(&indent))),
        Value::Array(items) => ('[', ']', items.iter().map(|value| item("", value)).collect()),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| item(&format!("{}: ", Value::from(name.as_str())), value);
            ('{', '}', fields.iter().map(field).collect())
        }
        _ => return line,
    };
    let lines = lines.join(&format!(",\n{indent}"));
    format!("{open}\n{indent}{lines}\n{}{close}", INDENT.repeat(depth))
}

/// The items on as few lines as fit into the width, a comma after each.
fn filled(items: &[Value], room: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        let item = item.to_string();
        match lines.last_mut() {
            Some(line) if width(line) + width(&item) + 3 <= room => {
                line.push_str(", ");
                line.push_str(&item);
            }
            _ => lines.push(item),
        }
    }
    lines
}

fn width(text: &str) -> usize {
    text.chars().count()
}

const fn is_scalar(value: &Value) -> bool {
    !matches!(value, Value::Array(_) | Value::Object(_))
}

fn on_one_line(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(on_one_line).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, field)| format!("{}: {}", Value::from(name.as_str()), on_one_line(field)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_short_value_takes_one_line_and_a_long_one_several() {
        let long = "x".repeat(60);
        let value = json!({"short": [1, {"a": null}], "empty": {}, "long": [[long, 1], {"a": [long]}], "text": "y".repeat(200)});
        let expected = format!(
            r#"{{
  "short": [1, {{"a": null}}],
  "empty": {{}},
  "long": [
    ["{long}", 1],
    {{"a": ["{long}"]}}
  ],
  "text": "{}"
}}
"#,
            "y".repeat(200)
        );
        assert_eq!(text(&value), expected);
    }

    #[test]
    fn an_array_of_scalars_fills_its_lines() {
        let text = text(&json!({"numbers": (100..200).collect::<Vec<_>>()}));
        let lines: Vec<usize> = text
            .lines()
            .map(|line| line.matches(|c: char| c.is_ascii_digit()).count() / 3)
            .collect();
        assert_eq!(lines, [0, 0, 23, 23, 23, 23, 8, 0, 0]);
    }

    #[test]
    fn no_line_that_can_be_broken_is_wider_than_the_width() {
        for length in 90..130 {
            let value = json!({"key": [["a", "x".repeat(length), {"b": "x".repeat(length)}], 1], "end": 1});
            let text = text(&value);
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
            let widest = text.lines().map(width).max().unwrap();
            // The widest line that nothing can break: indentation, a key, the text and its quotes, a comma.
            assert!(widest <= WIDTH.max(length + 16), "{length}:\n{text}");
        }
    }
}
