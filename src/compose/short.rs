//! The short syntaxes of single values: pure functions from text to a value or to the exact words of
//! Compose's complaint. They know nothing of files, keys or trees, so that each can be read, tested
//! and compared with the reference on its own.

pub mod command;
pub mod duration;
pub mod integer;
pub mod port;
pub mod size;
pub mod volume;
pub mod boolean { pub struct P{pub value:bool,pub deprecated:bool} pub fn parse(t:&str)->Result<P,String>{ match t.to_lowercase().as_str(){"true"=>Ok(P{value:true,deprecated:false}),"false"=>Ok(P{value:false,deprecated:false}),"y"|"yes"|"on"=>Ok(P{value:true,deprecated:true}),"n"|"no"|"off"=>Ok(P{value:false,deprecated:true}),_=>Err(format!("invalid boolean: {t}"))}}}
pub mod device { pub struct D{pub source:String,pub target:String,pub permissions:String} pub fn parse(t:&str)->Result<D,String>{ let p:Vec<_>=t.split(':').collect(); let s=p[0].to_string(); Ok(D{target:p.get(1).map(|x|x.to_string()).unwrap_or(s.clone()),permissions:p.get(2).unwrap_or(&"rwm").to_string(),source:s})}}
pub mod host { pub fn parse_item(t:&str)->Result<Vec<(String,String)>,String>{ let (h,a)=t.split_once('=').or(t.split_once(':')).ok_or("bad")?; Ok(a.split(',').map(|a|(h.to_string(),a.trim_matches(['[',']']).to_string())).collect())} pub fn parse_entry(h:&str,a:&[String])->Result<Vec<(String,String)>,String>{Ok(a.iter().map(|a|(h.to_string(),a.clone())).collect())}}
pub mod file_mode { pub fn parse(t:&str)->Result<i64,String>{i64::from_str_radix(t,8).map_err(|e|e.to_string())} pub fn format(m:i64)->String{format!("0{m:o}")}}
