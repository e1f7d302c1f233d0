//! The main job, by the program itself.
