//! The regression bench: counts the instructions of the hot paths under valgrind, and holds them against `baseline.toml`.
//!
//! ```sh
//! cargo run -p parlour-paths --profile paths            # a table; fails if a path became dearer
//! UPDATE=1 cargo run -p parlour-paths --profile paths   # takes what it counts as the new baseline
//! ```
//!
//! Times on a shared machine differ by a third from one run to the next; instructions hardly do. They are no times: a cache
//! miss and a lock that waits cost none. `parlour bench` has the times.
//!
//! Each path is a run of this program by itself under `--tool=callgrind`, which counts inside of [`counted`](counted::counted)
//! alone (`--toggle-collect`), and there the calling thread alone. The difference between runs of N and 2N would count what
//! other threads and the end of the process do, too.
//!
//! What is the same everywhere: valgrind shows the program a processor of its own making, wherever the real one has AVX2: an
//! Intel of 2013 (Haswell; looked up on an AMD of 2024 by `valgrind --tool=none ld.so --list-diagnostics`), without AVX-512 and
//! without instructions for SHA. So glibc and memchr choose the same code on nearly all machines there are, and nothing has to
//! be pinned. Without AVX2, `page` counts 6 % more, `fan-out` 2 %, the others 1 % at most (by `GLIBC_TUNABLES`). What is not the same:
//! the compiler, glibc (malloc, memcpy) and valgrind. The baseline says which it was counted with, and the table, if they differ.
//! The tolerances stand with the paths (`paths/mod.rs`).

#![expect(clippy::print_stdout, reason = "a bench is there to print")]

mod baseline;
mod counted;
mod paths;
mod table;
mod valgrind;

use std::{collections::BTreeMap, process::ExitCode};

use anyhow::{Context as _, bail};

use self::{
    baseline::{Baseline, Tools},
    paths::Path,
    table::{Row, Table},
};

fn main() -> anyhow::Result<ExitCode> {
    match std::env::args().nth(1) {
        None => judge(),
        Some(name) => {
            let Some(path) = Path::ALL.iter().find(|path| path.name == name) else {
                let names = Path::ALL.map(|path| path.name).join(", ");
                bail!(
                    "there is no path {name}; there are {names}, and without a name all are counted"
                );
            };
            valgrind::say_units((path.run)()?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn judge() -> anyhow::Result<ExitCode> {
    let mut instructions = BTreeMap::new();
    for path in &Path::ALL {
        let n = valgrind::count(path.name).with_context(|| format!("counting {}", path.name))?;
        instructions.insert(path.name.to_owned(), n);
    }
    let now = Baseline {
        counted_with: Tools::here()?,
        instructions,
    };
    #[expect(clippy::disallowed_methods, reason = "no option of the node")]
    if std::env::var("UPDATE").is_ok() {
        now.write()?;
    }
    let baseline = Baseline::read()?;
    let rows = Path::ALL.iter().map(|path| Row::new(path, &baseline, &now));
    let table = Table::new(rows.collect(), &baseline.counted_with, &now.counted_with);
    println!("{table}");
    Ok(match table.passes() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
