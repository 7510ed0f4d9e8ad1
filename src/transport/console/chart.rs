//! Small charts, as SVG.

use maud::{Markup, html};

/// A chart with a bar for each number, the highest as high as the chart. Its numbers are in its description too.
pub(super) fn bars(label: &str, class: &str, numbers: &[u64]) -> Markup {
    const WIDTH: usize = 240;
    const HEIGHT: u64 = 60;
    let step = WIDTH / numbers.len().max(1);
    let most = numbers.iter().copied().max().unwrap_or_default().max(1);
    let list = numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    html! {
        svg class=(class) role="img" aria-label={ (label) ": " (list) }
            viewBox={ "0 0 " (WIDTH) " " (HEIGHT + 1) } preserveAspectRatio="none" {
            @for (place, number) in numbers.iter().enumerate() {
                // A single event is visible beside thousands.
                @let height = if *number == 0 { 0 } else { (number * HEIGHT / most).max(2) };
                rect .bar x=(place * step + 1) y=(HEIGHT - height) width=(step - 2) height=(height) {
                    title { (number) }
                }
            }
            line .axis x1="0" y1=(HEIGHT) x2=(WIDTH) y2=(HEIGHT) {}
        }
    }
}
