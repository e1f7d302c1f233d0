//! The numbers of one column, for a batch of rows.

use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{DataType, DoubleType, Int32Type, Int64Type, Int96Type};
use parquet::errors::Result;
use parquet::schema::types::{ColumnDescPtr, ColumnDescriptor};

use super::pages::{Pages, damaged};
use super::schema::Clock;
use crate::traffic::tally::BadLine;

/// A column of one physical type.
pub(super) struct Column<T: DataType> {
    reader: ColumnReaderImpl<T>,
    levels: Vec<i16>,
    values: Vec<T::T>,
    /// Where the value of each row is; empty if all rows have one, or none.
    places: Vec<u32>,
}

/// Place of the value of a row without one.
const NULL: u32 = u32::MAX;

impl<T: DataType> Column<T> {
    pub fn new(descriptor: ColumnDescPtr, pages: Pages) -> Self {
        let reader = ColumnReaderImpl::new(descriptor, Box::new(pages));
        Self { reader, levels: Vec::new(), values: Vec::new(), places: Vec::new() }
    }

    /// Reads the next rows in place of those before.
    pub fn fill(&mut self, rows: usize) -> Result<()> {
        self.levels.clear();
        self.values.clear();
        self.places.clear();
        let (found, ..) = self.reader.read_records(rows, Some(&mut self.levels), None, &mut self.values)?;
        if found != rows {
            return Err(damaged("it has fewer rows than its row group"));
        }
        if !self.values.is_empty() && self.values.len() < rows {
            let mut next = 0;
            self.places.extend(self.levels.iter().map(|level| {
                next += u32::from(*level > 0);
                if *level > 0 { next - 1 } else { NULL }
            }));
        }
        Ok(())
    }

    #[inline(always)]
    pub fn get(&self, row: usize) -> Option<&T::T> {
        let place = if self.places.is_empty() { row } else { *self.places.get(row)? as usize };
        self.values.get(place)
    }
}

/// The column of times.
pub(super) enum Times {
    Whole(Column<Int64Type>, Clock),
    Legacy(Column<Int96Type>),
}

impl Times {
    pub fn new(clock: Clock, descriptor: ColumnDescPtr, pages: Pages) -> Self {
        match clock {
            Clock::Legacy => Self::Legacy(Column::new(descriptor, pages)),
            clock => Self::Whole(Column::new(descriptor, pages), clock),
        }
    }

    pub fn fill(&mut self, rows: usize) -> Result<()> {
        match self {
            Self::Whole(column, _) => column.fill(rows),
            Self::Legacy(column) => column.fill(rows),
        }
    }

    /// Milliseconds since the Unix epoch; parts of one are cut off.
    #[inline(always)]
    pub fn get(&self, row: usize) -> Option<i64> {
        match self {
            Self::Whole(column, Clock::Nanos) => Some(column.get(row)?.div_euclid(1_000_000)),
            Self::Whole(column, Clock::Micros) => Some(column.get(row)?.div_euclid(1000)),
            Self::Whole(column, Clock::Millis | Clock::Legacy) => column.get(row).copied(),
            Self::Legacy(column) => {
                // Nanoseconds of the day, low half first, then the Julian day; the Unix epoch is day 2,440,588.
                let [low, high, day] = column.get(row)?.data() else { return None };
                let nanos = u64::from(*high) << 32 | u64::from(*low);
                let millis = i64::try_from(nanos / 1_000_000).ok()?;
                Some((i64::from(*day) - 2_440_588) * 86_400_000 + millis)
            }
        }
    }
}

/// A column of whole numbers from zero up.
pub(super) enum Numbers {
    Long(Column<Int64Type>, Sign),
    Short(Column<Int32Type>, Sign),
    /// Data frames keep whole numbers as doubles where some are missing.
    Double(Column<DoubleType>),
}

#[derive(Clone, Copy)]
pub(super) enum Sign {
    Signed,
    Unsigned,
}

impl Numbers {
    pub fn new(descriptor: ColumnDescPtr, pages: Pages) -> Self {
        let sign = sign(&descriptor);
        match descriptor.physical_type() {
            Type::DOUBLE => Self::Double(Column::new(descriptor, pages)),
            Type::INT32 => Self::Short(Column::new(descriptor, pages), sign),
            _ => Self::Long(Column::new(descriptor, pages), sign),
        }
    }

    pub fn fill(&mut self, rows: usize) -> Result<()> {
        match self {
            Self::Long(column, _) => column.fill(rows),
            Self::Short(column, _) => column.fill(rows),
            Self::Double(column) => column.fill(rows),
        }
    }

    /// Whether any of the rows has a number.
    pub fn has_any(&self) -> bool {
        match self {
            Self::Long(column, _) => !column.values.is_empty(),
            Self::Short(column, _) => !column.values.is_empty(),
            Self::Double(column) => !column.values.is_empty(),
        }
    }

    pub fn get(&self, row: usize) -> Option<Result<u64, BadLine>> {
        let (number, shown) = match self {
            Self::Long(column, Sign::Unsigned) => return Some(Ok(*column.get(row)? as u64)),
            Self::Short(column, Sign::Unsigned) => return Some(Ok(u64::from(*column.get(row)? as u32))),
            Self::Long(column, Sign::Signed) => {
                let number = *column.get(row)?;
                (u64::try_from(number).ok(), number.to_string())
            }
            Self::Short(column, Sign::Signed) => {
                let number = *column.get(row)?;
                (u64::try_from(number).ok(), number.to_string())
            }
            Self::Double(column) => {
                let number = *column.get(row)?;
                let whole = number >= 0.0 && number.fract() == 0.0 && number < 2_f64.powi(64);
                (whole.then_some(number as u64), number.to_string())
            }
        };
        Some(number.ok_or_else(|| BadLine::new("bad value", format!("`{shown}` is no whole number from zero up"))))
    }
}

fn sign(column: &ColumnDescriptor) -> Sign {
    let converted = matches!(
        column.converted_type(),
        ConvertedType::UINT_8 | ConvertedType::UINT_16 | ConvertedType::UINT_32 | ConvertedType::UINT_64
    );
    let logical = matches!(column.logical_type_ref(), Some(LogicalType::Integer(integer)) if !integer.is_signed);
    if converted || logical { Sign::Unsigned } else { Sign::Signed }
}
