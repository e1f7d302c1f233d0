//! What goes wrong is said well.
