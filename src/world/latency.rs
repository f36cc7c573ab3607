//! Draws spans from a distribution by integer tables: no floats, so the same span on every machine.

use crate::plan::Latency;
use crate::time::Span;

/// Quantiles of a distribution as multiples of its scale, in units of 1/65,536. Between two quantiles it is linear.
struct Table {
    /// At 0, 1/64 ... 63/64.
    body: [u32; 64],
    /// The last 64th once more in 64 parts, from 63/64 to 1 - 1/65,536.
    tail: [u32; 65],
}

/// The span that a uniform word picks.
pub fn sample(latency: &Latency, word: u32) -> Span {
    match *latency {
        Latency::Constant(span) => span,
        Latency::Uniform(low, high) => Span(low.0 + scale(high.0 - low.0 + 1, word)),
        Latency::LogNormal(median) => quantile(&LOG_NORMAL, median, word),
        Latency::HeavyTailed(minimum) => quantile(&HEAVY_TAILED, minimum, word),
        Latency::Bimodal(fast, slow, share) => {
            // The upper bits choose the mode, the lower ones the place in it.
            let mode = if share.hit(word) { slow } else { fast };
            Span(mode.0 - mode.0 / 4 + scale(mode.0 / 2 + 1, word.wrapping_mul(0x9E37_79B1)))
        }
    }
}

/// `bound` times the word as a fraction.
const fn scale(bound: u64, word: u32) -> u64 {
    ((bound as u128 * word as u128) >> 32) as u64
}

/// The quantile of a table at the word as a fraction, times the unit.
fn quantile(table: &Table, unit: Span, word: u32) -> Span {
    let segment = (word >> 26) as usize;
    let (low, high, fraction, bits) = if segment < 63 {
        (table.body[segment], table.body[segment + 1], word & 0x03FF_FFFF, 26)
    } else {
        let part = (word >> 20 & 63) as usize;
        (table.tail[part], table.tail[part + 1], word & 0x000F_FFFF, 20)
    };
    let multiple = u64::from(low) + ((u64::from(high - low) * u64::from(fraction)) >> bits);
    Span(((u128::from(unit.0) * u128::from(multiple)) >> 16) as u64)
}

/// A log-normal distribution with a median of 1 and a sigma of 0.5: exp(z / 2) at the quantile z of the normal one.
const LOG_NORMAL: Table = Table {
    body: [
        8_148, 22_324, 25_822, 28_350, 30_433, 32_256, 33_906, 35_434, 36_871, 38_238, 39_552,
        40_821, 42_057, 43_265, 44_451, 45_620, 46_775, 47_921, 49_059, 50_194, 51_327, 52_460,
        53_596, 54_737, 55_884, 57_040, 58_207, 59_385, 60_579, 61_788, 63_016, 64_265, 65_536,
        66_832, 68_156, 69_511, 70_899, 72_324, 73_788, 75_297, 76_855, 78_466, 80_136, 81_871,
        83_679, 85_567, 87_546, 89_626, 91_821, 94_147, 96_622, 99_271, 102_122, 105_213, 108_592,
        112_321, 116_486, 121_211, 126_673, 133_153, 141_127, 151_498, 166_329, 192_392,
    ],
    tail: [
        192_392, 192_996, 193_610, 194_235, 194_870, 195_517, 196_176, 196_846, 197_529, 198_226,
        198_935, 199_659, 200_398, 201_151, 201_921, 202_706, 203_510, 204_331, 205_170, 206_030,
        206_909, 207_811, 208_734, 209_682, 210_654, 211_652, 212_678, 213_733, 214_818, 215_936,
        217_089, 218_278, 219_506, 220_775, 222_089, 223_450, 224_862, 226_328, 227_853, 229_442,
        231_100, 232_833, 234_648, 236_553, 238_557, 240_671, 242_906, 245_278, 247_803, 250_502,
        253_399, 256_526, 259_920, 263_630, 267_717, 272_266, 277_388, 283_243, 290_066, 298_227,
        308_350, 321_623, 340_766, 374_710, 527_097,
    ],
};

/// The quantile at 1 - 1/65,536 of the distribution below.
const FARTHEST: u32 = 106_528_681;

/// A Pareto distribution with a minimum of 1 and an exponent of 1.5: (1 - q) ^ (-2/3).
const HEAVY_TAILED: Table = Table {
    body: [
        65_536, 66_228, 66_938, 67_667, 68_417, 69_188, 69_981, 70_797, 71_638, 72_503, 73_396,
        74_316, 75_266, 76_246, 77_260, 78_307, 79_391, 80_513, 81_676, 82_882, 84_133, 85_432,
        86_783, 88_188, 89_652, 91_178, 92_771, 94_435, 96_176, 97_999, 99_911, 101_920, 104_032,
        106_257, 108_606, 111_088, 113_718, 116_508, 119_477, 122_642, 126_026, 129_653, 133_552,
        137_759, 142_314, 147_264, 152_669, 158_599, 165_140, 172_401, 180_516, 189_658, 200_053,
        212_001, 225_909, 242_347, 262_144, 286_551, 317_565, 358_608, 416_128, 504_103, 660_561,
        1_048_576,
    ],
    tail: [
        1_048_576, 1_059_643, 1_071_006, 1_082_680, 1_094_676, 1_107_011, 1_119_699, 1_132_757,
        1_146_202, 1_160_054, 1_174_332, 1_189_057, 1_204_253, 1_219_944, 1_236_156, 1_252_918,
        1_270_259, 1_288_214, 1_306_817, 1_326_106, 1_346_123, 1_366_913, 1_388_525, 1_411_012,
        1_434_432, 1_458_848, 1_484_331, 1_510_957, 1_538_810, 1_567_982, 1_598_578, 1_630_712,
        1_664_511, 1_700_117, 1_737_690, 1_777_411, 1_819_482, 1_864_135, 1_911_632, 1_962_275,
        2_016_411, 2_074_442, 2_136_837, 2_204_146, 2_277_019, 2_356_229, 2_442_708, 2_537_585,
        2_642_246, 2_758_412, 2_888_248, 3_034_527, 3_200_853, 3_392_018, 3_614_542, 3_877_557,
        4_194_304, 4_584_809, 5_081_037, 5_737_727, 6_658_043, 8_065_644, 10_568_984, 16_777_216,
        FARTHEST,
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Share;

    /// The mean and the 50th, 90th and 99th percentile in microseconds, over evenly spread words.
    fn shape(text: &str) -> [u64; 4] {
        const COUNT: u64 = 1 << 18;
        let latency: Latency = text.parse().unwrap();
        let mut spans: Vec<u64> = (0..COUNT)
            .map(|place| sample(&latency, (place << 14 | 1 << 13) as u32).0 / 1_000)
            .collect();
        spans.sort_unstable();
        let at = |percent: u64| spans[(COUNT * percent / 100) as usize];
        [spans.iter().sum::<u64>() / COUNT, at(50), at(90), at(99)]
    }

    #[test]
    fn means_and_percentiles_are_as_documented() {
        assert_eq!(shape("constant 1ms"), [1_000, 1_000, 1_000, 1_000]);
        assert_eq!(shape("uniform 1ms..5ms"), [2_999, 3_000, 4_599, 4_960]);
        assert_eq!(shape("log-normal 1ms"), [1_132, 1_000, 1_899, 3_200]);
        assert_eq!(shape("heavy-tailed 1ms"), [3_058, 1_587, 4_656, 21_544]);
        let [mean, median, p90, p99] = shape("bimodal 1ms 50ms 2%");
        assert!((1_900..=2_060).contains(&mean), "{mean}");
        assert!((980..=1_020).contains(&median) && p90 < 1_250 && p99 > 37_500);
    }

    #[test]
    fn nothing_overflows_at_the_longest_latency() {
        for latency in [
            Latency::HeavyTailed(Latency::MAX),
            Latency::Uniform(Span::ZERO, Latency::MAX),
            Latency::Bimodal(Latency::MAX, Latency::MAX, Share::percent(50)),
        ] {
            assert!(sample(&latency, u32::MAX) >= sample(&latency, 0));
            assert!(sample(&latency, u32::MAX) < Latency::MAX.times(1_700));
        }
    }

    #[test]
    fn tables_rise() {
        for table in [&LOG_NORMAL, &HEAVY_TAILED] {
            assert!(table.body.is_sorted() && table.tail.is_sorted());
            assert_eq!(table.body[63], table.tail[0]);
        }
    }
}
