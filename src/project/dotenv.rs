use indexmap::IndexMap; use std::ops::Range;
#[derive(Default)] pub struct Parsed { pub values: IndexMap<String,String>, pub unset: Vec<String>, pub places: IndexMap<String,Range<usize>> }
pub struct DotenvError { pub message: String, pub range: Range<usize> }
pub fn parse(t:&str,_l:&dyn Fn(&str)->Option<String>)->Result<Parsed,DotenvError>{ let mut p=Parsed::default(); for l in t.lines(){ if l.trim_start().starts_with('#'){continue} if let Some((k,v))=l.split_once('='){p.values.insert(k.trim().into(),v.trim().trim_matches('"').into());}} Ok(p)}
pub fn parse_raw(t:&str,l:&dyn Fn(&str)->Option<String>)->Result<Parsed,DotenvError>{parse(t,l)}
