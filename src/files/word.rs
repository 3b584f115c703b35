//! Telling documents of Word from what is wrapped likewise: a DOC from other compound files, a DOCX from other archives.
//!
//! Reads tables of contents only, as far as they say, and unpacks nothing.

use std::io::{self, Read, Seek, SeekFrom};

/// Most bytes of a table of contents that are looked at: thousands of entries.
const TABLE_BYTES_MAX: u64 = 1 << 20;

/// Whether it begins as an archive that has something in it (APPNOTE.TXT 4.3.7).
pub(super) fn is_archive(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
}

/// Whether it begins as a compound file (MS-CFB 2.2).
pub(super) fn is_compound(head: &[u8]) -> bool {
    head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
}

/// Whether an archive has the folder of a text document, and says what is in it as Office Open XML does.
pub(super) fn has_word_folder(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    const TAIL_BYTES: usize = 22;
    const ENTRY_BYTES: usize = 46;
    let length = file.seek(SeekFrom::End(0))?;
    // The end of the table, and at most a comment after it.
    let tail = read(
        file,
        length.saturating_sub(TAIL_BYTES as u64 + 0xffff),
        length,
    )?;
    let end = tail
        .windows(TAIL_BYTES)
        .rposition(|at| at.starts_with(b"PK\x05\x06"));
    let Some(end) = end else {
        return Ok(false);
    };
    let (bytes, start) = (number(&tail, end + 12), number(&tail, end + 16));
    let table = read(
        file,
        start.min(length),
        start.saturating_add(bytes).min(length),
    )?;
    let (mut has_types, mut has_word, mut at) = (false, false, 0);
    while table
        .get(at..at + ENTRY_BYTES)
        .is_some_and(|entry| entry.starts_with(b"PK\x01\x02"))
    {
        let short = |offset| {
            usize::from(u16::from_le_bytes([
                table[at + offset],
                table[at + offset + 1],
            ]))
        };
        let name = at + ENTRY_BYTES..at + ENTRY_BYTES + short(28);
        let next = name.end + short(30) + short(32);
        let name = table.get(name).unwrap_or_default();
        has_types |= name == b"[Content_Types].xml";
        has_word |= name.starts_with(b"word/");
        at = next;
    }
    Ok(has_types && has_word)
}

/// Whether a compound file has the stream that every document of Word has (MS-DOC 2.1.1).
pub(super) fn is_document(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    const NAME: &str = "WordDocument";
    const ENTRY_BYTES: usize = 128;
    const HEAD_BYTES: u64 = 512;
    let length = file.seek(SeekFrom::End(0))?;
    let head = read(file, 0, HEAD_BYTES.min(length))?;
    if head.len() < 52 {
        return Ok(false);
    }
    // Sectors are of 512 or 4,096 bytes, and the first is after one for the head.
    let sector_bytes = match (head[30], head[31]) {
        (9, 0) => 512_u64,
        (12, 0) => 4096,
        _ => return Ok(false),
    };
    let start = (number(&head, 48) + 1)
        .saturating_mul(sector_bytes)
        .min(length);
    // Writers put the root's entries first. Others than those of the first sector would need the table of sectors.
    let folder = read(file, start, start.saturating_add(sector_bytes).min(length))?;
    let name: Vec<u8> = NAME
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .chain([0, 0])
        .collect();
    Ok(folder
        .chunks(ENTRY_BYTES)
        .any(|entry| entry.starts_with(&name)))
}

fn number(bytes: &[u8], at: usize) -> u64 {
    let four = bytes.get(at..).and_then(|rest| rest.first_chunk());
    four.map_or(0, |four| u64::from(u32::from_le_bytes(*four)))
}

fn read(file: &mut (impl Read + Seek), from: u64, to: u64) -> io::Result<Vec<u8>> {
    let n = to.saturating_sub(from).min(TABLE_BYTES_MAX);
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(n).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Files as office programs write them, as far as anybody here looks.
#[cfg(test)]
pub(super) mod testkit {
    /// An archive of empty files.
    pub(in crate::files) fn archive(names: &[&str]) -> Vec<u8> {
        let (mut out, mut table) = (Vec::new(), Vec::new());
        for name in names {
            let length = u16::try_from(name.len()).unwrap().to_le_bytes();
            let at = u32::try_from(out.len()).unwrap().to_le_bytes();
            out.extend(b"PK\x03\x04");
            out.extend([0; 22]);
            out.extend([length[0], length[1], 0, 0]);
            out.extend(name.as_bytes());
            table.extend(b"PK\x01\x02");
            table.extend([0; 24]);
            table.extend([length[0], length[1], 0, 0]);
            table.extend([0; 10]);
            table.extend(at);
            table.extend(name.as_bytes());
        }
        let start = u32::try_from(out.len()).unwrap().to_le_bytes();
        let bytes = u32::try_from(table.len()).unwrap().to_le_bytes();
        out.extend(table);
        out.extend(b"PK\x05\x06");
        out.extend([0; 8]);
        out.extend(bytes);
        out.extend(start);
        out.extend([0; 2]);
        out
    }

    /// A compound file whose root has one stream.
    pub(in crate::files) fn compound(stream: &str) -> Vec<u8> {
        let mut out = vec![0; 1024];
        out[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
        out[30] = 9;
        for (at, name) in [(512, "Root Entry"), (640, stream)] {
            let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            out[at..at + name.len()].copy_from_slice(&name);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{testkit::*, *};

    fn has_word(bytes: &[u8]) -> bool {
        has_word_folder(&mut Cursor::new(bytes)).unwrap()
    }

    #[test]
    fn a_docx_is_known_in_whatever_order_it_was_written() {
        assert!(has_word(&archive(&[
            "_rels/.rels",
            "word/a.xml",
            "[Content_Types].xml"
        ])));
        let commented = [
            archive(&["[Content_Types].xml", "word/a.xml"]),
            b"a comment".to_vec(),
        ];
        assert!(has_word(&commented.concat()));
        assert!(!has_word(&archive(&[
            "[Content_Types].xml",
            "xl/workbook.xml"
        ])));
        assert!(!has_word(&archive(&["word/a.xml"])));
        assert!(!has_word(&archive(&[])));
    }

    #[test]
    fn a_doc_has_the_stream_of_one() {
        let is_doc = |bytes: Vec<u8>| is_document(&mut Cursor::new(bytes)).unwrap();
        assert!(is_doc(compound("WordDocument")));
        assert!(!is_doc(compound("Workbook")));
        assert!(!is_doc(compound("WordDocument2")));
    }

    #[test]
    fn what_is_cut_or_scrambled_never_panics() {
        for bytes in [
            archive(&["[Content_Types].xml", "word/a.xml"]),
            compound("WordDocument"),
        ] {
            for n in 0..bytes.len() {
                for with in [0x00, 0x55, 0xff] {
                    let mut scrambled = bytes.clone();
                    scrambled[n] = with;
                    for bytes in [&scrambled[..], &bytes[..n]] {
                        let _known_or_not = has_word_folder(&mut Cursor::new(bytes)).unwrap();
                        let _known_or_not = is_document(&mut Cursor::new(bytes)).unwrap();
                    }
                }
            }
        }
    }
}
